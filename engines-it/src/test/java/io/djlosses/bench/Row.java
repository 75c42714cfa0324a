/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import io.djlosses.api.Choice;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Validation;
import ai.djl.training.loss.Loss;


import org.jspecify.annotations.Nullable;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** A loss with its options: what it takes at each size, and the other ways to compute the same. */
final class Row {

    private static final String[] PACKAGES = {
        "regression",
        "classification",
        "distribution",
        "embedding",
        "ranking",
        "sequence",
        "vocabulary",
        "composite",
        "regularization"
    };

    /** Makes the input of one size. */
    @FunctionalInterface
    interface Inputs {

        Case make(Data data, long... dims);
    }

    /** Makes the loss for one size. */
    @FunctionalInterface
    interface Maker {

        Loss make(Choice reading, Validation validation, long... dims);
    }

    private final String loss;
    private final String variant;
    private final Map<Size, long[]> dims;
    private final Inputs inputs;
    private final Map<String, Function<long[], Object>> options = new LinkedHashMap<>();
    private Maker maker = this::build;
    private @Nullable String torch;
    private @Nullable Formula plain;
    private @Nullable Formula operator;
    private @Nullable Formula builtIn;

    Row(String loss, String variant, Map<Size, long[]> dims, Inputs inputs) {
        this.loss = loss;
        this.variant = variant;
        this.dims = dims;
        this.inputs = inputs;
    }

    /** Sets an option of the builder. */
    Row option(String name, Object value) {
        options.put(name, size -> value);
        return this;
    }

    /** Sets an option of the builder that depends on the size; an Object[] holds several values. */
    Row option(String name, Function<long[], Object> value) {
        options.put(name, value);
        return this;
    }

    /** Sets how the loss is made where it has no {@link LossBuilder}. */
    Row maker(Maker newMaker) {
        maker = newMaker;
        return this;
    }

    /**
     * Sets what native code computes on PyTorch: an expression of TorchScript, or the body of a
     * function. Predictions are called x, x2, x3, labels y, y2, y3, weights w, w2, w3.
     */
    Row torch(String source) {
        torch = source;
        return this;
    }

    /** Sets the composition that a user of NDArray would write. */
    Row plain(Formula formula) {
        plain = formula;
        return this;
    }

    /** Sets MXNet's own operator. */
    Row operator(Formula formula) {
        operator = formula;
        return this;
    }

    /** Sets DJL's own loss. */
    Row builtIn(Formula formula) {
        builtIn = formula;
        return this;
    }

    Row builtIn(Loss builtInLoss) {
        return builtIn(input -> builtInLoss.evaluate(input.labels(), input.predictions()));
    }

    String name() {
        return variant.isEmpty() ? loss : loss + ", " + variant;
    }

    String loss() {
        return loss;
    }

    boolean has(Size size) {
        return dims.containsKey(size);
    }

    /** Returns the shape of a size as text. */
    String shape(Size size) {
        StringBuilder text = new StringBuilder();
        for (long dim : dims(size)) {
            text.append(text.isEmpty() ? "" : "×").append(dim);
        }
        return text.toString();
    }

    Case input(Size size, Data data) {
        return inputs.make(data, dims(size));
    }

    Loss make(Size size, Choice reading, Validation validation) {
        return maker.make(reading, validation, dims(size));
    }

    @Nullable String torch() {
        return torch;
    }

    @Nullable Formula plain() {
        return plain;
    }

    @Nullable Formula operator() {
        return operator;
    }

    @Nullable Formula builtIn() {
        return builtIn;
    }

    long[] dims(Size size) {
        long[] found = dims.get(size);
        if (found == null) {
            throw new IllegalArgumentException(name() + " has no size " + size);
        }
        return found.clone();
    }

    private Loss build(Choice reading, Validation validation, long... size) {
        try {
            LossBuilder<?, ?> builder =
                    (LossBuilder<?, ?>) find(loss).getMethod("builder").invoke(null);
            builder.optValidation(validation);
            reading.applyTo(builder);
            for (Map.Entry<String, Function<long[], Object>> option : options.entrySet()) {
                Object value = option.getValue().apply(size);
                Object[] arguments =
                        value instanceof Object[] several ? several : new Object[] {value};
                setter(builder.getClass(), option.getKey(), arguments.length)
                        .invoke(builder, arguments);
            }
            return (Loss) builder.getClass().getMethod("build").invoke(builder);
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException(name() + " cannot be built: " + e, e);
        }
    }

    private static Class<?> find(String name) throws ClassNotFoundException {
        for (String part : PACKAGES) {
            try {
                return Class.forName("io.djlosses." + part + "." + name);
            } catch (ClassNotFoundException ignored) {
                // It is in another package.
            }
        }
        throw new ClassNotFoundException(name);
    }

    private static Method setter(Class<?> builder, String option, int arguments)
            throws NoSuchMethodException {
        String end = option.substring(0, 1).toUpperCase(Locale.ROOT) + option.substring(1);
        List<String> names = List.of("opt" + end, "set" + end);
        for (Method method : new ArrayList<>(List.of(builder.getMethods()))) {
            if (names.contains(method.getName())
                    && method.getParameterCount() == arguments
                    && !method.isBridge()) {
                return method;
            }
        }
        throw new NoSuchMethodException(builder.getName() + "." + names);
    }
}
