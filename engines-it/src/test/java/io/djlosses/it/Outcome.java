/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What an engine computes of a loss.
 *
 * @param type the data type of the value
 * @param shape its shape
 * @param value its numbers
 * @param gradients the gradient of every prediction
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Outcome(DataType type, Shape shape, double[] value, List<double[]> gradients) {

    /** Returns the engines of this platform, the default one first. */
    static List<String> engines() {
        return Stream.of("PyTorch", "MXNet").filter(Engine::hasEngine).toList();
    }

    /** Returns the engines as the arguments of a test that runs on each. */
    static Object[][] onEveryEngine() {
        return engines().stream().map(engine -> new Object[] {engine}).toArray(Object[][]::new);
    }

    /** Evaluates a loss on the inputs of a row, with gradients. */
    static Outcome of(String engine, Loss loss, GoldenRow row, DataType type) {
        return of(engine, loss, row, type, row.head(), 1);
    }

    /** Evaluates, with factors on an unreduced value and on the gradient. */
    static Outcome of(
            String engine,
            Loss loss,
            GoldenRow row,
            DataType type,
            @Nullable Data head,
            double upstream) {
        return of(engine, loss, row, type, head, upstream, Layout.PLAIN);
    }

    /** Evaluates arrays that lie in memory as told, where an engine has views. */
    static Outcome of(
            String engine,
            Loss loss,
            GoldenRow row,
            DataType type,
            @Nullable Data head,
            double upstream,
            Layout layout) {
        Engine named = Engine.getEngine(engine);
        // Fresh arrays: one engine adds to the gradient that an array has, the other replaces it.
        try (NDManager manager = Place.manager(named)) {
            NDList labels = layout.arrays(row.labels(), manager, type);
            NDList predictions = layout.arrays(row.predictions(), manager, type);
            predictions.forEach(array -> array.setRequiresGradient(true));
            NDArray value;
            try (GradientCollector collector = named.newGradientCollector()) {
                value = loss.evaluate(labels, predictions);
                NDArray target = value;
                if (head != null) {
                    target = value.mul(head.array(manager, value.getDataType())).sum();
                }
                if (upstream != 1) {
                    target = target.mul(Nd.num(target, upstream));
                }
                collector.backward(target);
            }
            List<double[]> gradients = new ArrayList<>();
            for (NDArray prediction : predictions) {
                gradients.add(Nd.toDoubles(prediction.getGradient()));
            }
            return new Outcome(
                    value.getDataType(), value.getShape(), Nd.toDoubles(value), gradients);
        }
    }

    /**
     * Says how two arrays differ, or nothing if they do not. Numbers that are not finite must be
     * the same; others may differ by {@code rtol} times the largest expected one, and {@code atol}.
     */
    static @Nullable String difference(
            double[] expected, double[] actual, double rtol, double atol) {
        if (expected.length != actual.length) {
            return expected.length + " numbers expected, but were " + actual.length;
        }
        double norm = 0;
        for (double number : expected) {
            norm = Double.isFinite(number) ? Math.max(norm, Math.abs(number)) : norm;
        }
        double limit = atol + rtol * Math.max(norm, 1e-5);
        int worst = -1;
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            double error = Math.abs(actual[i] - expected[i]);
            if (!Double.isFinite(expected[i])) {
                boolean same = Double.compare(actual[i], expected[i]) == 0;
                error = same ? 0 : Double.POSITIVE_INFINITY;
            } else if (!Double.isFinite(error)) {
                error = Double.POSITIVE_INFINITY;
            }
            if (error > limit && error > largest) {
                worst = i;
                largest = error;
            }
        }
        return worst < 0
                ? null
                : String.format(
                        "[%d] expected %s, was %s: off by %.3g, where %.3g is allowed",
                        worst, expected[worst], actual[worst], largest, limit);
    }
}
