/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.training.loss.Loss;

import io.djlosses.binary.BCEWithLogitsLoss;
import io.djlosses.binary.HingeLoss;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.distribution.KLDivLoss;
import io.djlosses.embedding.CosineSimilarityLoss;
import io.djlosses.examples.catalog.Size;
import io.djlosses.regression.HuberLoss;
import io.djlosses.regression.L1Loss;
import io.djlosses.regression.MSELoss;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/** Times the losses that other libraries for the JVM have as well. */
final class Peers {

    /** What times are compared to. */
    static final String OURS = "DJLosses";

    /** The libraries; one that is not there is missed at once, as ours comes last. */
    static final List<String> LIBRARIES = List.of("TensorFlow", "ND4J", OURS);

    /** The losses that other libraries have as well, and the row of the benchmark that fits. */
    private static final Map<Class<? extends Loss>, String> LOSSES =
            Map.of(
                    MSELoss.class, "",
                    L1Loss.class, "",
                    HuberLoss.class, "",
                    BCEWithLogitsLoss.class, "",
                    HingeLoss.class, "",
                    KLDivLoss.class, "",
                    CrossEntropyLoss.class, "probabilities",
                    CosineSimilarityLoss.class, "");

    /** How many numbers of a gradient are compared. */
    private static final int PLACES = 100;

    private final Peer peer;
    private final Turns turns;

    Peers(Peer peer, int repetitions) {
        this.peer = peer;
        turns = new Turns(repetitions);
    }

    static Peer open(String library, int threads) {
        if (OURS.equals(library)) {
            return new DjlPeer();
        }
        try {
            return Class.forName(Peers.class.getPackageName() + "." + library + "Peer")
                    .asSubclass(Peer.class)
                    .getDeclaredConstructor(int.class)
                    .newInstance(threads);
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException(library + " needs the profile peers", e);
        }
    }

    /**
     * Returns what tells the libraries the number of threads, and not to log. Threads that wait by
     * spinning would take hundred times as long on a machine that does anything else as well.
     */
    static Map<String, String> environment(int threads) {
        return Map.of(
                "OMP_WAIT_POLICY",
                "PASSIVE",
                "SD_MAX_THREADS",
                "" + threads,
                "SD_MASTER_THREADS",
                "" + threads,
                "TF_CPP_MIN_LOG_LEVEL",
                "2");
    }

    /** Returns what lets other libraries have more memory than the heap, and not log. */
    static List<String> flags() {
        return List.of(
                "-Dorg.bytedeco.javacpp.maxbytes=0",
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
                "-Dorg.bytedeco.javacpp.logger=slf4j",
                "-Dorg.slf4j.simpleLogger.log.org.bytedeco=error",
                "-Dorg.slf4j.simpleLogger.log.org.nd4j=error");
    }

    /** Returns whether other libraries have the loss of the row. */
    static boolean has(Row row) {
        return row.variant().equals(LOSSES.get(row.type()));
    }

    /** Measures a row at a size in about so many seconds. */
    Run.Measurement measure(Row row, Size size, double seconds) {
        Map<String, String> failures = new LinkedHashMap<>();
        Map<String, Run.Result> results = new LinkedHashMap<>();
        Peer.Input input = input(row, size);
        Map<String, Peer.Step> steps = peer.steps(row, size, input);
        int[] places = places(input.predictions().length);
        Map<String, List<Double>> outcomes = new LinkedHashMap<>();
        Map<String, DoubleSupplier> timers = new LinkedHashMap<>();
        steps.forEach(
                (name, step) -> {
                    try {
                        step.prepare();
                        outcomes.put(name, Arrays.stream(step.run(places)).boxed().toList());
                        timers.put(name, () -> time(step));
                    } catch (RuntimeException e) {
                        failures.put(name, Bench.message(e));
                    }
                });
        turns.times(timers, seconds)
                .forEach(
                        (name, times) ->
                                results.put(
                                        name,
                                        new Run.Result(
                                                Turns.median(times),
                                                0,
                                                null,
                                                null,
                                                null,
                                                null,
                                                outcomes.get(name))));
        steps.values().forEach(Peer.Step::close);
        return new Run.Measurement(
                row.name(), row.loss(), size, Row.shape(row.dims(size)), "", results, failures);
    }

    private static double time(Peer.Step step) {
        step.prepare();
        long start = System.nanoTime();
        step.run();
        return (System.nanoTime() - start) / 1e6;
    }

    private static int[] places(int size) {
        return IntStream.range(0, PLACES)
                .map(i -> (int) ((long) i * (size - 1) / (PLACES - 1)))
                .toArray();
    }

    private static Peer.Input input(Row row, Size size) {
        long[] dims = row.dims(size);
        int rows = (int) dims[0];
        int columns = (int) dims[1];
        SplittableRandom random = new SplittableRandom(1);
        float[] labels = new float[rows * columns];
        float[] predictions = new float[rows * columns];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = (float) random.nextGaussian();
            predictions[i] = (float) random.nextGaussian();
        }
        switch (row.kind()) {
            case NUMBERS, VECTORS -> {}
            case LOGITS -> change(labels, label -> label > 0 ? 1 : 0);
            case SIGNS -> change(labels, Math::signum);
            case DISTRIBUTIONS -> softmax(labels, columns);
            case LOG_DISTRIBUTIONS -> {
                softmax(labels, columns);
                softmax(predictions, columns);
            }
            default -> throw new IllegalArgumentException(row.name() + " of " + row.kind());
        }
        return new Peer.Input(rows, columns, labels, predictions);
    }

    private static void change(float[] values, DoubleUnaryOperator function) {
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) function.applyAsDouble(values[i]);
        }
    }

    private static void softmax(float[] values, int columns) {
        change(values, Math::exp);
        for (int start = 0; start < values.length; start += columns) {
            double sum = 0;
            for (int i = start; i < start + columns; i++) {
                sum += values[i];
            }
            for (int i = start; i < start + columns; i++) {
                values[i] = (float) (values[i] / sum);
            }
        }
    }
}
