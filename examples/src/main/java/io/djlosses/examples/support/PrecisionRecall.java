/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import org.knowm.xchart.XYChart;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * How precise a classifier is at each recall: the curve as the threshold falls.
 *
 * @param recall the share of positive samples above each threshold
 * @param precision the share of positive samples among those above each threshold
 */
@SuppressWarnings("ArrayRecordComponent")
public record PrecisionRecall(double[] recall, double[] precision) {

    /**
     * Computes the curve.
     *
     * @param scores a score a sample
     * @param labels 1 for positive samples, else 0
     * @return the curve, a point a sample
     */
    public static PrecisionRecall of(double[][] scores, double[][] labels) {
        int[] order =
                IntStream.range(0, scores.length)
                        .boxed()
                        .sorted(Comparator.comparingDouble(i -> -scores[i][0]))
                        .mapToInt(Integer::intValue)
                        .toArray();
        double positives = Arrays.stream(labels).mapToDouble(row -> row[0]).sum();
        double[] recall = new double[order.length];
        double[] precision = new double[order.length];
        double found = 0;
        for (int i = 0; i < order.length; i++) {
            found += labels[order[i]][0];
            recall[i] = found / positives;
            precision[i] = found / (i + 1);
        }
        return new PrecisionRecall(recall, precision);
    }

    /**
     * Returns the area under the curve: Σ precision × increase of recall.
     *
     * @return the average precision
     */
    public double averagePrecision() {
        double sum = 0;
        for (int i = 0; i < recall.length; i++) {
            sum += precision[i] * (recall[i] - (i == 0 ? 0 : recall[i - 1]));
        }
        return sum;
    }

    /**
     * Draws the curve at 21 levels of recall: the best precision that reaches the level.
     *
     * @param chart the chart
     * @param name the name of the curve
     */
    public void draw(XYChart chart, String name) {
        double[] levels = IntStream.rangeClosed(0, 20).mapToDouble(i -> i / 20.0).toArray();
        double[] best =
                Arrays.stream(levels)
                        .map(
                                level ->
                                        IntStream.range(0, recall.length)
                                                .filter(i -> recall[i] >= level)
                                                .mapToDouble(i -> precision[i])
                                                .max()
                                                .orElse(0))
                        .toArray();
        Plots.line(chart, name, levels, best);
    }
}
