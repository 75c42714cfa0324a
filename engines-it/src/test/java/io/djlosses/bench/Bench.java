/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;

import io.djlosses.examples.catalog.Size;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.DoubleSupplier;

/**
 * Times the variants of a row against each other.
 *
 * <p>Variants take turns, in an order that changes, so that whatever else the machine does meets
 * all of them alike; a ratio is that of the medians. What is timed is what a step of DJL's trainer
 * pays for its loss: a new collector, forward, backward, and closing what is left with the batch,
 * while predictions come out of a layer, whose own time does not count.
 */
final class Bench {

    private final Stage stage;
    private final Turns turns;
    private final Mode mode;
    private final Set<String> only;

    /**
     * Creates a benchmark.
     *
     * @param only the variants to measure; none for all
     */
    Bench(Stage stage, Mode mode, int repetitions, Set<String> only) {
        this.stage = stage;
        this.mode = mode;
        this.only = only;
        turns = new Turns(repetitions);
    }

    /**
     * Measures a row at a size.
     *
     * @param row the row
     * @param index the place of the row on the stage
     * @param size the name of the size, where it has one
     * @param dims the size
     * @param seconds about how long it may take
     */
    Run.Measurement measure(Row row, int index, @Nullable Size size, double seconds, long... dims) {
        Map<String, String> failures = new LinkedHashMap<>();
        Map<String, Run.Result> results = new LinkedHashMap<>();
        String reading = "";
        try (NDManager manager = stage.manager().newSubManager()) {
            Case input = row.input(new Data(manager), dims);
            reading = stage.reading(index, input, dims);
            Map<String, Formula> variants = stage.variants(index, input, dims);
            boolean layer = mode != Mode.LOOP && row.hasLayer();
            Map<String, double[]> errors =
                    errors(variants, input, manager, failures, stage.base(index));
            if (mode == Mode.STEP) {
                variants.putAll(working(stage.options(index, input, dims), input, manager));
            }
            keep(variants.keySet(), failures.keySet());
            Map<String, List<Double>> faults = new LinkedHashMap<>();
            Map<String, double[]> times =
                    turns.times(
                            timers(
                                    variants,
                                    faults,
                                    (formula, clock) ->
                                            step(formula, input, manager, layer, clock)),
                            seconds * 0.8);
            Map<String, Formula> forwards =
                    mode == Mode.STEP ? stage.forwards(index, input, dims) : Map.of();
            keep(forwards.keySet(), failures.keySet());
            Map<String, double[]> forwardTimes =
                    turns.times(
                            timers(
                                    forwards,
                                    new LinkedHashMap<>(),
                                    (formula, clock) -> forward(formula, input, manager, clock)),
                            seconds * 0.2);
            for (String variant : times.keySet()) {
                double[] error = errors.get(variant);
                double[] forward = forwardTimes.get(variant);
                results.put(
                        variant,
                        new Run.Result(
                                Turns.median(times.get(variant)),
                                median(faults.get(variant)),
                                forward == null ? null : Turns.median(forward),
                                error == null ? null : error[0],
                                error == null ? null : error[1],
                                null,
                                null));
            }
            double[] accumulator = forwardTimes.get(Stage.ACCUMULATOR);
            if (accumulator != null) {
                results.put(Stage.ACCUMULATOR, Run.Result.of(Turns.median(accumulator), 0));
            }
        } catch (RuntimeException e) {
            failures.put("row", message(e));
        }
        return new Run.Measurement(
                row.name(), row.loss(), size, Row.shape(dims), reading, results, failures);
    }

    private void keep(Set<String> variants, Set<String> failed) {
        variants.removeAll(failed);
        variants.removeIf(name -> !only.isEmpty() && !only.contains(name));
    }

    /** Returns those that compute something: not every loss has every option. */
    private Map<String, Formula> working(
            Map<String, Formula> options, Case input, NDManager manager) {
        Map<String, String> failures = new LinkedHashMap<>();
        errors(options, input, manager, failures, "");
        options.keySet().removeAll(failures.keySet());
        return options;
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
                    NDArray own =
                            stage.run(variant.getValue(), leaves, temporary, false, new Clock());
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

    /** Returns what runs each variant once and returns its milliseconds; notes the page faults. */
    private static Map<String, DoubleSupplier> timers(
            Map<String, Formula> variants,
            Map<String, List<Double>> faults,
            BiConsumer<Formula, Clock> runner) {
        Map<String, DoubleSupplier> timers = new LinkedHashMap<>();
        variants.forEach(
                (name, formula) -> {
                    List<Double> own = new ArrayList<>();
                    faults.put(name, own);
                    timers.put(
                            name,
                            () -> {
                                Clock clock = new Clock();
                                runner.accept(formula, clock);
                                own.add((double) clock.faults());
                                return clock.milliseconds();
                            });
                });
        return timers;
    }

    private static double median(List<Double> values) {
        return Turns.median(values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /** Returns what times a value alone. */
    DoubleSupplier forward(Formula formula, Case input, NDManager manager) {
        return timers(
                        Map.of("", formula),
                        new LinkedHashMap<>(),
                        (in, clock) -> forward(in, input, manager, clock))
                .get("");
    }

    /** Returns what times a value and its backward. */
    DoubleSupplier step(Formula formula, Case input, NDManager manager) {
        return timers(
                        Map.of("", formula),
                        new LinkedHashMap<>(),
                        (in, clock) -> step(in, input, manager, true, clock))
                .get("");
    }

    /** Returns the milliseconds of every turn. */
    Map<String, double[]> times(Map<String, DoubleSupplier> timers, double seconds) {
        return turns.times(timers, seconds);
    }

    private void step(Formula formula, Case input, NDManager manager, boolean layer, Clock clock) {
        try (NDManager batch = manager.newSubManager()) {
            Case leaves = input.fresh(batch, true);
            stage.finish(leaves.x());
            stage.run(formula, leaves, batch, layer, clock);
        }
        clock.stop();
    }

    private void forward(Formula formula, Case input, NDManager manager, Clock clock) {
        try (NDManager batch = manager.newSubManager()) {
            Case arrays = input.fresh(batch, false);
            stage.finish(arrays.x());
            clock.resume();
            stage.finish(formula.of(arrays));
        }
        clock.stop();
    }

    static String message(RuntimeException e) {
        String text = String.valueOf(e.getMessage());
        int end = text.indexOf('\n');
        return e.getClass().getSimpleName() + ": " + (end < 0 ? text : text.substring(0, end));
    }
}
