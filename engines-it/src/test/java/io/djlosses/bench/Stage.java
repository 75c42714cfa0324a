/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Choice;
import io.djlosses.api.Reduction;
import io.djlosses.api.SampleWeighting;
import io.djlosses.api.Validation;
import io.djlosses.examples.catalog.Size;
import io.djlosses.internal.fast.Script;

import org.jspecify.annotations.Nullable;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** An engine on a device, the native kernels if it has them, and how to run a variant on it. */
final class Stage implements AutoCloseable {

    static final String OURS = "ours";
    static final String NATIVE = "native";
    static final String OPERATOR = "operator";
    static final String PLAIN = "plain";
    static final String BUILT_IN = "built-in";
    static final String STRICT = "strict";
    static final String FRACTION = "fraction";
    static final String ACCUMULATOR = "accumulator";
    static final String PARTS = "parts";
    static final String VALUES = "NONE";
    static final String WEIGHTS = "weights";
    static final String MASK = "mask";

    private final Engine engine;
    private final NDManager manager;
    private final List<Row> rows;
    private final List<@Nullable Formula> natives;
    private final Runnable waiting;

    Stage(String engineName, Device device, List<Row> rows) {
        engine = Engine.getEngine(engineName);
        engine.setRandomSeed(1);
        manager = engine.newBaseManager(device);
        this.rows = rows;
        boolean torch = "PyTorch".equals(engineName);
        natives = torch ? natives(manager, rows) : List.of();
        waiting = torch ? () -> {} : waiting(engineName);
    }

    /**
     * Returns the native kernels of the rows, null where PyTorch has none. Each is loaded once, as
     * its script stays.
     */
    private static List<@Nullable Formula> natives(NDManager manager, List<Row> rows) {
        List<@Nullable Formula> natives = new ArrayList<>();
        try (NDManager temporary = manager.newSubManager()) {
            Data data = new Data(temporary);
            rows.forEach(row -> natives.add(nativeOf(row, row.input(data, row.dims(Size.S)))));
        }
        return natives;
    }

    private static @Nullable Formula nativeOf(Row row, Case input) {
        String body = row.torch();
        if (body == null) {
            return null;
        }
        List<String> names = new ArrayList<>();
        name(names, "x", input.predictions());
        name(names, "y", input.labels());
        name(names, "w", input.weights());
        Script script =
                Script.of(
                        String.join(" ", names),
                        "",
                        body.contains("return ") ? body.strip() : "return " + body.strip());
        Script.Mode mode = new Script.Mode(true, true, true);
        return in -> {
            NDList arrays = new NDList(in.predictions());
            arrays.addAll(in.labels());
            arrays.addAll(in.weights());
            return Objects.requireNonNull(script.run(mode, arrays));
        };
    }

    private static void name(List<String> names, String name, NDList arrays) {
        for (int i = 0; i < arrays.size(); i++) {
            names.add(name + (i == 0 ? "" : i + 1));
        }
    }

    /** Returns what waits for an engine that works asynchronously. */
    private static Runnable waiting(String engineName) {
        if (!"MXNet".equals(engineName)) {
            return () -> {};
        }
        try {
            MethodHandle handle =
                    MethodHandles.lookup()
                            .findStatic(
                                    Class.forName("ai.djl.mxnet.jna.JnaUtils"),
                                    "waitAll",
                                    MethodType.methodType(void.class));
            return () -> {
                try {
                    handle.invoke();
                } catch (Throwable e) {
                    throw new IllegalStateException(e);
                }
            };
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    NDManager manager() {
        return manager;
    }

    String name() {
        return engine.getEngineName();
    }

    String engine() {
        return engine.getEngineName() + " " + engine.getVersion();
    }

    /** Returns what ratios and errors are to, of most rows. */
    String base() {
        return natives.isEmpty() ? PLAIN : NATIVE;
    }

    /** Returns what ratios and errors of a row are to. */
    String base(int index) {
        return hasNative(index) ? NATIVE : PLAIN;
    }

    private boolean hasNative(int index) {
        return !natives.isEmpty() && natives.get(index) != null;
    }

    /**
     * Returns the ways to compute a row with its gradient, with each of our readings that serves.
     */
    Map<String, Formula> variants(int index, Case input, long... dims) {
        Row row = rows.get(index);
        Map<String, Formula> variants = new LinkedHashMap<>();
        if (hasNative(index)) {
            variants.put(NATIVE, Objects.requireNonNull(natives.get(index)));
        } else {
            // What no one would compose is the operator in both, or else what ours is made of.
            Formula operator = natives.isEmpty() ? row.operator() : null;
            Formula plain = row.plain() == null ? operator : row.plain();
            variants.put(PLAIN, plain == null ? of(row.make(Choice.FORMULA::on, dims)) : plain);
            put(variants, OPERATOR, operator);
        }
        variants.put(OURS, of(made(row, dims)));
        for (Choice choice : Choice.of(engine.getEngineName())) {
            Loss loss = row.make(choice::on, dims);
            if (choice == Choice.FORMULA || reading(loss, input).equals(name(choice))) {
                variants.put(name(choice), of(loss));
            }
        }
        put(variants, BUILT_IN, row.builtIn());
        return variants;
    }

    /** Returns the ways to get more or less than the result out of a row, or to ask for more. */
    Map<String, Formula> options(int index, Case input, long... dims) {
        Row row = rows.get(index);
        Map<String, Formula> options = new LinkedHashMap<>();
        options.put(
                STRICT, of(row.make(builder -> builder.optValidation(Validation.STRICT), dims)));
        put(options, PARTS, row.parts());
        if (made(row, dims) instanceof AbstractLoss loss) {
            options.put(FRACTION, in -> loss.fraction(in.labels(), in.predictions()).numerator());
            try {
                Formula values =
                        of(row.make(builder -> builder.optReduction(Reduction.NONE), dims));
                Shape shape = values.of(input).getShape();
                NDArray ones = input.x().getManager().ones(shape.slice(0, 1));
                options.put(VALUES, values);
                options.put(WEIGHTS, weighted(row, SampleWeighting.MEAN_BY_COUNT, ones, dims));
                options.put(MASK, weighted(row, SampleWeighting.MASK, ones, dims));
            } catch (IllegalArgumentException e) {
                // Not every loss has values.
            }
        }
        return options;
    }

    private static Formula weighted(
            Row row, SampleWeighting weighting, NDArray weights, long... dims) {
        Loss loss = row.make(builder -> builder.optSampleWeighting(weighting), dims);
        return in -> {
            NDList labels = new NDList(in.labels());
            labels.add(weights);
            return loss.evaluate(labels, in.predictions());
        };
    }

    /** Returns the ways to compute a row without gradient. */
    Map<String, Formula> forwards(int index, Case input, long... dims) {
        Map<String, Formula> forwards = new LinkedHashMap<>(variants(index, input, dims));
        forwards.keySet().retainAll(List.of(base(index)));
        if (made(rows.get(index), dims) instanceof AbstractLoss loss) {
            forwards.put(OURS, in -> loss.value(in.labels(), in.predictions()));
            loss.addAccumulator(ACCUMULATOR);
            forwards.put(
                    ACCUMULATOR,
                    in -> {
                        loss.updateAccumulator(ACCUMULATOR, in.labels(), in.predictions());
                        return in.x();
                    });
        }
        return forwards;
    }

    /** Returns the reading that serves, as the loss explains it; nothing for one that has none. */
    String reading(int index, Case input, long... dims) {
        return reading(made(rows.get(index), dims), input);
    }

    private static String reading(Loss loss, Case input) {
        return loss instanceof AbstractLoss ours
                ? ours.explain(input.labels(), input.predictions()).replaceFirst(",.*", "")
                : "";
    }

    static String name(Choice choice) {
        return choice.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static void put(Map<String, Formula> variants, String name, @Nullable Formula formula) {
        if (formula != null) {
            variants.put(name, formula);
        }
    }

    private static Loss made(Row row, long... dims) {
        return row.make(builder -> {}, dims);
    }

    private static Formula of(Loss loss) {
        return in -> loss.evaluate(in.labels(), in.predictions());
    }

    /**
     * Computes the value and the gradients of fresh leaves in a step of training; whatever is made
     * is of a manager.
     *
     * @param layer whether the leaves first go through a layer, which the clock does not see
     */
    NDArray run(Formula formula, Case leaves, NDManager owner, boolean layer, Clock clock) {
        NDArray value;
        clock.start();
        try (GradientCollector collector = engine.newGradientCollector()) {
            clock.pause();
            Case outputs = layer ? leaves.throughLayer() : leaves;
            finish(outputs.x());
            clock.resume();
            value = formula.of(outputs);
            value.attach(owner);
            collector.backward(value);
        }
        finish(value);
        return value;
    }

    /** Returns when the engine is done. */
    void finish(NDArray value) {
        waiting.run();
        if (value.getDevice().isGpu()) {
            // Comes after all else in the same stream.
            value.toByteBuffer();
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
