/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;

import io.djlosses.examples.catalog.Size;
import io.djlosses.internal.array.Gradients;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.fast.Constants;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;

/**
 * What losses on an engine are made of: the time of a call (small arrays), of a pass over an array
 * (large ones), and of what gives a value its gradient. No loss is faster than its parts.
 */
final class Limits {

    /** What a run is to that has nothing but limits. */
    static final String BASE = "limit";

    private Limits() {}

    /** Measures the limits at a size, in about so many seconds. */
    static List<Run.Measurement> measure(Bench bench, NDManager parent, Size size, double seconds) {
        long[] shape =
                switch (size) {
                    case S -> new long[] {32, 10};
                    case M -> new long[] {256, 1000};
                    case L -> new long[] {2048, 2048};
                };
        try (NDManager manager = parent.newSubManager()) {
            Data data = new Data(manager);
            Case numbers = Case.of(data.normal(shape), data.normal(shape));
            Case logits = Case.of(data.classes(shape[1], shape[0]), data.normal(shape));
            Map<String, DoubleSupplier> limits = new LinkedHashMap<>();
            limits.put("−x", bench.forward(in -> in.x().neg(), numbers, manager));
            limits.put("−x in place", bench.forward(in -> in.x().negi(), numbers, manager));
            limits.put("x y", bench.forward(in -> in.x().mul(in.y()), numbers, manager));
            limits.put("exp x", bench.forward(in -> in.x().exp(), numbers, manager));
            limits.put("σ(x)", bench.forward(in -> Nd.sigmoid(in.x()), numbers, manager));
            limits.put(
                    "Σ x, exact",
                    bench.forward(in -> Sums.sumOfConstant(in.x()), numbers, manager));
            limits.put("Σ x, the engine's", bench.forward(in -> in.x().sum(), numbers, manager));
            limits.put(
                    "softplus, the engine's",
                    bench.forward(in -> Activation.softPlus(in.x()), numbers, manager));
            limits.put(
                    "Σ softplus, exact",
                    bench.forward(in -> Constants.sumOfSoftplus(in.x()), numbers, manager));
            limits.put("softmax", bench.forward(in -> in.x().softmax(1), logits, manager));
            limits.put(
                    "log-softmax, the engine's",
                    bench.forward(in -> in.x().logSoftmax(1), logits, manager));
            limits.put(
                    "log-softmax of one class, exact",
                    bench.forward(in -> Nd.logSoftmax(in.x(), in.y()), logits, manager));
            limits.put("class indices, read", bench.forward(Limits::read, logits, manager));
            limits.put(
                    "a gradient of one's own, forward",
                    bench.forward(Limits::withGradient, numbers, manager));
            limits.put(
                    "a gradient of one's own, with backward",
                    bench.step(Limits::withGradient, numbers, manager));
            return bench.times(limits, seconds).entrySet().stream()
                    .map(
                            limit ->
                                    new Run.Measurement(
                                            limit.getKey(),
                                            BASE,
                                            size,
                                            Row.shape(shape),
                                            "",
                                            Map.of(
                                                    BASE,
                                                    Run.Result.of(
                                                            Turns.median(limit.getValue()), 0)),
                                            Map.of()))
                    .toList();
        }
    }

    private static NDArray read(Case input) {
        if (Nd.toLongs(input.y())[0] < 0) {
            throw new IllegalStateException("a class is negative");
        }
        return input.x();
    }

    private static NDArray withGradient(Case input) {
        NDArray value = input.x().getManager().zeros(new Shape(), input.x().getDataType());
        @Nullable NDArray[] gradients = {input.y()};
        return Gradients.withGradient(value, input.predictions(), gradients, 1);
    }
}
