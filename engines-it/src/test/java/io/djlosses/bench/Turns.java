/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;

/** Times variants in turns, in an order that changes. */
final class Turns {

    private static final int LEAST = 5;
    private static final double LONG_TURN_SECONDS = 1;

    private final int repetitions;
    private final Random random = new Random(1);

    Turns(int repetitions) {
        this.repetitions = repetitions;
    }

    /**
     * Returns the milliseconds of every turn, by variant.
     *
     * @param variants what runs once and returns its milliseconds, by name
     * @param seconds about how long all may take
     */
    Map<String, double[]> times(Map<String, DoubleSupplier> variants, double seconds) {
        List<String> names = new ArrayList<>(variants.keySet());
        List<DoubleSupplier> timers = new ArrayList<>(variants.values());
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
                times[variant] = timers.get(variant).getAsDouble();
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

    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
