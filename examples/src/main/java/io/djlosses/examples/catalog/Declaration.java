/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.catalog;

import ai.djl.nn.Block;
import ai.djl.training.loss.Loss;

import io.djlosses.api.LossBuilder;
import io.djlosses.api.Reduction;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * All that the commands, the tests and the benchmark know of a loss beside its class. {@link
 * Declarations} has one for each loss.
 */
public final class Declaration {

    /**
     * A loss to learn with.
     *
     * @param name the name of the loss, and what is special about it
     * @param loss makes the loss, given the network
     * @param lesson what is learned
     */
    public record Task(String name, Function<Block, Loss> loss, Lesson lesson) {}

    private final Class<? extends Loss> type;
    private final Kind kind;
    private final Map<Trait, String> traits = new EnumMap<>(Trait.class);
    private final Map<String, String> otherDerivatives = new LinkedHashMap<>();
    private final Map<String, String> optionsWithoutRows = new LinkedHashMap<>();
    private final Map<String, String> infiniteOptions = new LinkedHashMap<>();
    private final Map<String, Task> tasks = new LinkedHashMap<>();
    private final Map<String, Function<long[], LossBuilder<?, ?>>> benchmarks =
            new LinkedHashMap<>();
    private @Nullable BiFunction<Block, Consumer<LossBuilder<?, ?>>, Loss> maker;

    Declaration(Class<? extends Loss> type, Kind kind) {
        this.type = type;
        this.kind = kind;
        traits.putAll(kind.traits());
    }

    // ------------------------------------------------------------------ to declare

    /** Says what makes this loss another than most of its kind. */
    Declaration has(Trait trait, String reason) {
        traits.put(trait, required(reason));
        return this;
    }

    /** Names golden rows, by how they begin, whose gradient is no derivative on purpose. */
    Declaration notTheDerivative(String row, String reason) {
        otherDerivatives.put(row, required(reason));
        return this;
    }

    /** Names an option that no golden row can set; the reason names what proves it instead. */
    Declaration optionWithoutRows(String option, String reason) {
        optionsWithoutRows.put(option, required(reason));
        return this;
    }

    /** Names an option for which infinity is a value. */
    Declaration optionMayBeInfinite(String option, String reason) {
        infiniteOptions.put(option, required(reason));
        return this;
    }

    /**
     * Adds something to learn with options, or in place of the defaults where the name is empty.
     */
    Declaration task(String what, Supplier<Loss> loss) {
        return task(what, loss, kind.lesson().orElseThrow());
    }

    /** The same, of another lesson than that of its kind. */
    Declaration task(String what, Supplier<Loss> loss, Lesson lesson) {
        tasks.put(what, new Task(taskName(what), block -> loss.get(), lesson));
        return this;
    }

    /** Sets what the defaults are to learn, where it is not the lesson of its kind. */
    Declaration lesson(Lesson lesson) {
        tasks.put("", new Task(taskName(""), block -> kind.objective(make(block)), lesson));
        return this;
    }

    /** Adds a row to the benchmark, or sets what the defaults need where the name is empty. */
    Declaration benchmark(String variant, Function<long[], LossBuilder<?, ?>> builder) {
        benchmarks.put(variant, builder);
        return this;
    }

    /** Sets how the loss is made of parameters or of other losses, which get the common options. */
    Declaration made(BiFunction<Block, Consumer<LossBuilder<?, ?>>, Loss> newMaker) {
        maker = newMaker;
        return this;
    }

    private String taskName(String what) {
        return what.isEmpty() ? name() : name() + " " + what;
    }

    private static String required(String reason) {
        if (reason.isBlank()) {
            throw new IllegalArgumentException("a reason must be given");
        }
        return reason;
    }

    // ------------------------------------------------------------------ what it is

    /**
     * Returns the class of the loss.
     *
     * @return the class
     */
    public Class<? extends Loss> type() {
        return type;
    }

    /**
     * Returns the name of the loss.
     *
     * @return the simple name of its class
     */
    public String name() {
        return type.getSimpleName();
    }

    /**
     * Returns what the loss takes.
     *
     * @return the kind
     */
    public Kind kind() {
        return kind;
    }

    /**
     * Tells whether the loss, or every loss of its kind, has a trait.
     *
     * @param trait the trait
     * @return whether it has
     */
    public boolean has(Trait trait) {
        return traits.containsKey(trait);
    }

    /**
     * Tells why the loss has a trait.
     *
     * @param trait the trait
     * @return the reason, if it has the trait
     */
    public Optional<String> reason(Trait trait) {
        return Optional.ofNullable(traits.get(trait));
    }

    /**
     * Tells whether the gradient of a golden row is not the derivative of its value, on purpose.
     *
     * @param row the name of the row in its file
     * @return whether it is not
     */
    public boolean isNotTheDerivative(String row) {
        return otherDerivatives.keySet().stream().anyMatch(row::startsWith);
    }

    /**
     * Returns the beginnings of the names of the rows whose gradient is not the derivative.
     *
     * @return the reasons, by the beginning
     */
    public Map<String, String> otherDerivatives() {
        return Collections.unmodifiableMap(otherDerivatives);
    }

    /**
     * Returns the options that no golden row can set.
     *
     * @return what proves them instead, by the option
     */
    public Map<String, String> optionsWithoutRows() {
        return Collections.unmodifiableMap(optionsWithoutRows);
    }

    /**
     * Returns the options for which infinity is a value.
     *
     * @return what it means, by the option
     */
    public Map<String, String> infiniteOptions() {
        return Collections.unmodifiableMap(infiniteOptions);
    }

    /**
     * Returns how the loss is drawn as a function of one number.
     *
     * @return the curve, if there is one
     */
    public Optional<Curve> curve() {
        return has(Trait.NO_CURVE) || has(Trait.MEAN_ONLY) || has(Trait.WHOLE_BATCH)
                ? Optional.empty()
                : kind.curve();
    }

    /**
     * Returns what there is to learn with the loss and its options.
     *
     * @return the tasks, that of the defaults first
     */
    public List<Task> tasks() {
        List<Task> all = new ArrayList<>();
        if (!tasks.containsKey("") && !has(Trait.NO_LESSON)) {
            Lesson lesson = kind.lesson().orElseThrow();
            all.add(new Task(name(), block -> kind.objective(make(block)), lesson));
        }
        all.addAll(tasks.values());
        return List.copyOf(all);
    }

    /**
     * Returns what the benchmark is to measure: options, by what a row calls them.
     *
     * @return what makes a builder for the dimensions of a size
     */
    public Map<String, Function<long[], LossBuilder<?, ?>>> benchmarks() {
        Map<String, Function<long[], LossBuilder<?, ?>>> all = new LinkedHashMap<>();
        all.put("", dims -> builder());
        all.putAll(benchmarks);
        return Collections.unmodifiableMap(all);
    }

    // ------------------------------------------------------------------ to make it

    /**
     * Tells whether the loss is made of something else than options.
     *
     * @return whether it is made of parameters or of other losses
     */
    public boolean isMade() {
        return maker != null;
    }

    /**
     * Makes the loss with its defaults.
     *
     * @param block whose parameters the loss takes, if it takes any
     * @return the loss
     */
    public Loss make(Block block) {
        return make(block, builder -> {});
    }

    /**
     * Makes the loss with its defaults.
     *
     * @param block whose parameters the loss takes, if it takes any
     * @param common sets the options that all losses have
     * @return the loss
     */
    public Loss make(Block block, Consumer<LossBuilder<?, ?>> common) {
        return maker == null ? build(common) : maker.apply(block, common);
    }

    /**
     * Makes the loss by its builder, with its defaults.
     *
     * @return the loss
     */
    public Loss build() {
        return build(builder -> {});
    }

    /**
     * Makes the loss by its builder, with its defaults, and reduced by another function.
     *
     * @param reduction the reduction
     * @return the loss
     */
    public Loss build(Reduction reduction) {
        return build(builder -> builder.optReduction(reduction));
    }

    private Loss build(Consumer<LossBuilder<?, ?>> common) {
        LossBuilder<?, ?> builder = builder();
        common.accept(builder);
        return build(builder);
    }

    private LossBuilder<?, ?> builder() {
        return (LossBuilder<?, ?>) call(type, "builder", null);
    }

    /**
     * Makes a loss by its builder.
     *
     * @param builder the builder
     * @return the loss
     */
    public static Loss build(LossBuilder<?, ?> builder) {
        return (Loss) call(builder.getClass(), "build", builder);
    }

    private static Object call(Class<?> type, String method, @Nullable Object target) {
        try {
            return type.getMethod(method).invoke(target);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " has no " + method + "()", e);
        }
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return name();
    }
}
