/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import java.util.Arrays;
import java.util.stream.IntStream;

/** The view of many dimensions from the two in which points differ most. */
public final class Projection {

    private static final int ITERATIONS = 100;

    private Projection() {}

    /**
     * Projects points onto their first two principal components.
     *
     * @param points the points
     * @return two numbers a point
     */
    public static double[][] toPlane(double[][] points) {
        int width = points[0].length;
        double[] mean = new double[width];
        for (double[] point : points) {
            Arrays.setAll(mean, i -> mean[i] + point[i] / points.length);
        }
        double[][] centered =
                Arrays.stream(points)
                        .map(
                                p ->
                                        IntStream.range(0, width)
                                                .mapToDouble(i -> p[i] - mean[i])
                                                .toArray())
                        .toArray(double[][]::new);
        double[] first = principal(centered, new double[width]);
        double[] second = principal(centered, first);
        return Arrays.stream(centered)
                .map(point -> new double[] {dot(point, first), dot(point, second)})
                .toArray(double[][]::new);
    }

    /** Finds the direction of the largest variance, among those orthogonal to another. */
    private static double[] principal(double[][] points, double[] other) {
        double[] direction = new double[other.length];
        Arrays.setAll(direction, i -> 1.0 / (i + 1));
        for (int n = 0; n < ITERATIONS; n++) {
            double[] next = new double[direction.length];
            for (double[] point : points) {
                double length = dot(point, direction);
                Arrays.setAll(next, i -> next[i] + length * point[i]);
            }
            double overlap = dot(next, other);
            Arrays.setAll(next, i -> next[i] - overlap * other[i]);
            double norm = Math.sqrt(dot(next, next));
            direction = Arrays.stream(next).map(value -> value / norm).toArray();
        }
        return direction;
    }

    private static double dot(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
    }
}
