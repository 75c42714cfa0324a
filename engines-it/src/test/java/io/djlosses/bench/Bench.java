/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;

import io.djlosses.examples.catalog.Size;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.function.ToDoubleFunction;

/**
 * Times the variants of a row against each other.
 *
 * <p>Variants take turns, in an order that changes, so that whatever else the machine does meets
 * all of them alike; a ratio is the median of the ratios within one turn. What is timed is what a
 * training step pays: forward, backward, and closing what is left.
 */
final class Bench {

    private final Stage stage;
    private final Turns turns;

    Bench(Stage stage, int repetitions) {
        this.stage = stage;
        turns = new Turns(repetitions);
    }

    /**
     * Measures a row at a size.
     *
     * @param rows the rows
     * @param index the row
     * @param size the size
     * @param seconds about how long it may take
     * @return what was measured
     */
    Run.Measurement measure(List<Row> rows, int index, Size size, double seconds) {
        Row row = rows.get(index);
        Map<String, String> failures = new LinkedHashMap<>();
        Map<String, Run.Result> results = new LinkedHashMap<>();
        try (NDManager manager = stage.manager().newSubManager()) {
            Case input = row.input(size, new Data(manager));
            Map<String, Formula> variants = stage.variants(index, size);
            Map<String, double[]> errors =
                    errors(variants, input, manager, failures, stage.base(index));
            variants.keySet().removeAll(failures.keySet());
            Map<String, double[]> times =
                    turns.times(
                            timers(variants, in -> timeWithGradient(in, input, manager)),
                            seconds * 0.75);
            Map<String, Formula> forwards = stage.forwards(index, size);
            forwards.keySet().removeAll(failures.keySet());
            Map<String, double[]> forwardTimes =
                    turns.times(
                            timers(forwards, in -> timeForward(in, input, manager)),
                            seconds * 0.25);
            for (String variant : times.keySet()) {
                double[] error = errors.get(variant);
                results.put(
                        variant,
                        new Run.Result(
                                Turns.median(times.get(variant)),
                                ratio(times, variant, stage.base(index)),
                                ratio(times, variant, Stage.OURS),
                                error == null ? null : error[0],
                                error == null ? null : error[1],
                                forwardTimes.containsKey(variant)
                                        ? Turns.median(forwardTimes.get(variant))
                                        : null,
                                ratio(forwardTimes, variant, stage.base(index)),
                                null,
                                times.get(variant).length,
                                null));
            }
            double[] accumulator = forwardTimes.get(Stage.ACCUMULATOR);
            if (accumulator != null) {
                Double ratio = ratio(forwardTimes, Stage.ACCUMULATOR, Stage.OURS);
                results.put(
                        Stage.ACCUMULATOR,
                        new Run.Result(
                                Turns.median(accumulator),
                                null,
                                ratio,
                                null,
                                null,
                                null,
                                null,
                                null,
                                accumulator.length,
                                null));
            }
        } catch (RuntimeException e) {
            failures.put("row", message(e));
        }
        return new Run.Measurement(
                row.name(), row.loss(), size, row.shape(size), results, failures);
    }

    /** Returns the errors of value and gradient against the base; notes the variants that fail. */
    private Map<String, double[]> errors(
            Map<String, Formula> variants,
            Case input,
            NDManager manager,
            Map<String, String> failures,
            String base) {
        Map<String, double[]> errors = new LinkedHashMap<>();
        try (NDManager kept = manager.newSubManager()) {
            NDArray value = null;
            NDList gradients = new NDList();
            for (Map.Entry<String, Formula> variant : variants.entrySet()) {
                try (NDManager temporary = manager.newSubManager()) {
                    Case leaves = input.fresh(temporary, true);
                    NDArray own = stage.run(variant.getValue(), leaves, temporary);
                    NDList ownGradients = new NDList();
                    for (NDArray leaf : leaves.predictions()) {
                        ownGradients.add(leaf.getGradient());
                    }
                    if (variant.getKey().equals(base)) {
                        value = own.duplicate();
                        value.attach(kept);
                        for (NDArray gradient : ownGradients) {
                            NDArray copy = gradient.duplicate();
                            copy.attach(kept);
                            gradients.add(copy);
                        }
                    } else if (value != null) {
                        errors.put(variant.getKey(), error(value, own, gradients, ownGradients));
                    }
                } catch (RuntimeException e) {
                    failures.put(variant.getKey(), message(e));
                }
            }
        }
        return errors;
    }

    private static double[] error(NDArray value, NDArray own, NDList gradients, NDList ours) {
        double expected = scalar(value);
        double difference = Math.abs(scalar(own) - expected) / Math.abs(expected);
        double largest = 0;
        double worst = 0;
        for (int i = 0; i < gradients.size(); i++) {
            largest = Math.max(largest, scalar(gradients.get(i).abs().max()));
            worst = Math.max(worst, scalar(ours.get(i).sub(gradients.get(i)).abs().max()));
        }
        return new double[] {difference, worst / largest};
    }

    private static double scalar(NDArray array) {
        return array.toArray()[0].doubleValue();
    }

    /** Returns what times each variant once. */
    private static Map<String, DoubleSupplier> timers(
            Map<String, Formula> variants, ToDoubleFunction<Formula> timer) {
        Map<String, DoubleSupplier> timers = new LinkedHashMap<>();
        variants.forEach((name, formula) -> timers.put(name, () -> timer.applyAsDouble(formula)));
        return timers;
    }

    /** Returns what times a value alone. */
    DoubleSupplier forward(Formula formula, Case input, NDManager manager) {
        return () -> timeForward(formula, input, manager);
    }

    /** Returns what times a value and its backward. */
    DoubleSupplier step(Formula formula, Case input, NDManager manager) {
        return () -> timeWithGradient(formula, input, manager);
    }

    /** Returns the milliseconds of every turn. */
    Map<String, double[]> times(Map<String, DoubleSupplier> timers, double seconds) {
        return turns.times(timers, seconds);
    }

    private double timeWithGradient(Formula formula, Case input, NDManager manager) {
        long start;
        try (NDManager temporary = manager.newSubManager()) {
            Case leaves = input.fresh(temporary, true);
            stage.finish(leaves.x());
            start = System.nanoTime();
            stage.run(formula, leaves, temporary);
        }
        return (System.nanoTime() - start) / 1e6;
    }

    private double timeForward(Formula formula, Case input, NDManager manager) {
        long start;
        try (NDManager temporary = manager.newSubManager()) {
            Case leaves = input.fresh(temporary, false);
            stage.finish(leaves.x());
            start = System.nanoTime();
            stage.finish(formula.of(leaves));
        }
        return (System.nanoTime() - start) / 1e6;
    }

    private static @Nullable Double ratio(
            Map<String, double[]> times, String variant, String reference) {
        double[] own = times.get(variant);
        double[] other = times.get(reference);
        if (own == null || other == null) {
            return null;
        }
        double[] ratios = new double[own.length];
        Arrays.setAll(ratios, i -> own[i] / other[i]);
        return Turns.median(ratios);
    }

    static String message(RuntimeException e) {
        String text = String.valueOf(e.getMessage());
        int end = text.indexOf('\n');
        return e.getClass().getSimpleName() + ": " + (end < 0 ? text : text.substring(0, end));
    }
}
