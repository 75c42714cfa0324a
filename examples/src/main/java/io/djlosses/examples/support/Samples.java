/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;

/**
 * Samples with a class each.
 *
 * @param features a row of numbers a sample
 * @param labels the class of every sample, 0 … classes − 1
 * @param classes the names of the classes
 */
@SuppressWarnings("ArrayRecordComponent")
public record Samples(double[][] features, int[] labels, List<String> classes) {

    /**
     * Reads the handwritten digits.
     *
     * @return 1797 images of 8×8 pixels in [0, 1], and the digits
     */
    public static Samples digits() {
        double[][] table = read("digits.csv.gz", 0);
        Samples samples = split(table, IntStream.range(0, 10).mapToObj(String::valueOf).toList());
        for (double[] row : samples.features) {
            Arrays.setAll(row, i -> row[i] / 16);
        }
        return samples;
    }

    /**
     * Reads the measurements of tumors.
     *
     * @return 569 rows of 30 features of mean 0 and deviation 1; malignant 0, benign 1
     */
    public static Samples breastCancer() {
        Samples samples = split(read("breast-cancer.csv", 1), List.of("malignant", "benign"));
        double[][] rows = samples.features;
        for (int column = 0; column < rows[0].length; column++) {
            int i = column;
            double mean = Arrays.stream(rows).mapToDouble(row -> row[i]).average().orElseThrow();
            double variance =
                    Arrays.stream(rows)
                            .mapToDouble(row -> (row[i] - mean) * (row[i] - mean))
                            .average()
                            .orElseThrow();
            for (double[] row : rows) {
                row[i] = (row[i] - mean) / Math.sqrt(variance);
            }
        }
        return samples;
    }

    private static Samples split(double[][] table, List<String> classes) {
        int last = table[0].length - 1;
        double[][] features =
                Arrays.stream(table).map(row -> Arrays.copyOf(row, last)).toArray(double[][]::new);
        int[] labels = Arrays.stream(table).mapToInt(row -> (int) row[last]).toArray();
        return new Samples(features, labels, classes);
    }

    private static double[][] read(String name, int headerLines) {
        try (InputStream file =
                        Objects.requireNonNull(
                                Samples.class.getResourceAsStream(
                                        "/io/djlosses/examples/data/" + name),
                                name);
                InputStream plain = name.endsWith(".gz") ? new GZIPInputStream(file) : file;
                BufferedReader reader =
                        new BufferedReader(
                                new InputStreamReader(plain, StandardCharsets.US_ASCII))) {
            return reader.lines()
                    .skip(headerLines)
                    .map(
                            line ->
                                    Arrays.stream(line.split(",", -1))
                                            .mapToDouble(Double::parseDouble)
                                            .toArray())
                    .toArray(double[][]::new);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Returns the number of samples.
     *
     * @return the number of samples
     */
    public int size() {
        return labels.length;
    }

    /**
     * Returns the samples in another order.
     *
     * @param random draws the order
     * @return the shuffled samples
     */
    public Samples shuffled(Random random) {
        List<Integer> order = new ArrayList<>(IntStream.range(0, size()).boxed().toList());
        Collections.shuffle(order, random);
        return select(order.stream().mapToInt(Integer::intValue).toArray());
    }

    /**
     * Returns a run of samples.
     *
     * @param from the first
     * @param to the one after the last
     * @return the samples
     */
    public Samples range(int from, int to) {
        return select(IntStream.range(from, to).toArray());
    }

    /**
     * Returns some of the samples.
     *
     * @param indices their places
     * @return the samples
     */
    public Samples select(int... indices) {
        return new Samples(
                Arrays.stream(indices).mapToObj(i -> features[i]).toArray(double[][]::new),
                Arrays.stream(indices).map(i -> labels[i]).toArray(),
                classes);
    }
}
