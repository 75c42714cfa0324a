/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Times the variants of a row against each other.
 *
 * <p>Variants take turns, in an order that changes, so that whatever else the machine does meets
 * all of them alike; a ratio is the median of the ratios within one turn. What is timed is what a
 * training step pays: forward, backward, and closing what is left.
 */
final class Bench {

    private static final int LEAST = 5;
    private static final double LONG_TURN_SECONDS = 1;

    private final Stage stage;
    private final int repetitions;
    private final Random random = new Random(1);

    Bench(Stage stage, int repetitions) {
        this.stage = stage;
        this.repetitions = repetitions;
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
            Map<String, double[]> errors = errors(variants, input, manager, failures);
            variants.keySet().removeAll(failures.keySet());
            Map<String, double[]> times =
                    times(variants, input, manager, seconds * 0.75, this::timeWithGradient);
            Map<String, Formula> forwards = stage.forwards(index, size);
            forwards.keySet().removeAll(failures.keySet());
            Map<String, double[]> forwardTimes =
                    times(forwards, input, manager, seconds * 0.25, this::timeForward);
            for (String variant : times.keySet()) {
                double[] error = errors.get(variant);
                results.put(
                        variant,
                        new Run.Result(
                                median(times.get(variant)),
                                ratio(times, variant, stage.base()),
                                ratio(times, variant, Stage.OURS),
                                error == null ? null : error[0],
                                error == null ? null : error[1],
                                forwardTimes.containsKey(variant)
                                        ? median(forwardTimes.get(variant))
                                        : null,
                                ratio(forwardTimes, variant, stage.base()),
                                null,
                                times.get(variant).length));
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
            Map<String, String> failures) {
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
                    if (variant.getKey().equals(stage.base())) {
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

    /** Returns the milliseconds of every turn, by variant. */
    private Map<String, double[]> times(
            Map<String, Formula> variants,
            Case input,
            NDManager manager,
            double seconds,
            Timer timer) {
        List<String> names = new ArrayList<>(variants.keySet());
        List<Formula> formulas = new ArrayList<>(variants.values());
        List<Integer> order = new ArrayList<>(IntStream.range(0, names.size()).boxed().toList());
        List<double[]> turns = new ArrayList<>();
        long start = System.nanoTime();
        long warm = start + (long) (seconds * 0.2e9);
        long end = start + (long) (seconds * 1e9);
        for (int turn = 0; !names.isEmpty(); turn++) {
            long now = System.nanoTime();
            boolean isLong = turn > 0 && (now - start) / 1e9 / turn > LONG_TURN_SECONDS;
            if (turns.size() >= repetitions
                    || (turns.size() >= (isLong ? 3 : LEAST) && now > end)) {
                break;
            }
            double[] times = new double[names.size()];
            Collections.shuffle(order, random);
            for (int variant : order) {
                Formula formula = formulas.get(variant);
                times[variant] = timer.time(formula, input, manager);
            }
            if (turn > 0 && (now > warm || isLong)) {
                turns.add(times);
            }
        }
        Map<String, double[]> byVariant = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            int variant = i;
            byVariant.put(
                    names.get(i), turns.stream().mapToDouble(turn -> turn[variant]).toArray());
        }
        return byVariant;
    }

    /** One turn of one variant. */
    @FunctionalInterface
    private interface Timer {

        double time(Formula formula, Case input, NDManager manager);
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
        return median(ratios);
    }

    private static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static String message(RuntimeException e) {
        String text = String.valueOf(e.getMessage());
        int end = text.indexOf('\n');
        return e.getClass().getSimpleName() + ": " + (end < 0 ? text : text.substring(0, end));
    }
}
