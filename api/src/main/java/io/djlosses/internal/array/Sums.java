/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.array;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

import io.djlosses.internal.core.NdBase;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.core.Traced;
import io.djlosses.internal.core.Traits;
import io.djlosses.internal.symbolic.Operators;

/**
 * Sums that are exact to the last digits, and correct if some values are infinite, also on engines
 * whose own sums are not. A trial finds out which engines those are.
 */
public final class Sums {

    /** Up to this size, the number of operations matters more than their work. */
    private static final long SMALL = 4096;

    private static final long ROW = 256;

    /**
     * The largest width of rows whose sum by one product is as exact as any other, for all values.
     */
    private static final long EXACT_WIDTH = 64;

    /** The smallest width of rows whose sum by a product is fast. */
    private static final long MIN_WIDTH = 16;

    private Sums() {}

    /**
     * Returns the sum of all values, some of which may be infinite: a compensated sum, which some
     * engines compute, would then be NaN.
     *
     * @param x the array
     * @return the 0-d sum
     */
    public static NDArray sum(NDArray x) {
        return x.size() == 0 || Traits.SUMS_INFINITIES.of(x.getManager()) ? x.sum() : total(x);
    }

    /**
     * Returns the sum of all values of a constant, in fewer passes than {@link #sum(NDArray)}.
     *
     * @param x the array, detached
     * @return the 0-d sum
     */
    public static NDArray sumOfConstant(NDArray x) {
        if (Traits.SUMS_INFINITIES.of(x.getManager()) || !Operators.serve(x) || x.size() == 0) {
            return sum(x);
        }
        if (x.size() < Thresholds.PASS || x.size() % EXACT_WIDTH != 0 || Operators.mayHang(x)) {
            return Operators.total(x);
        }
        try (NDArray rows = x.reshape(-1, EXACT_WIDTH);
                NDArray sums = rows.dot(ones(rows, EXACT_WIDTH))) {
            return Operators.total(sums);
        }
    }

    private static NDArray total(NDArray x) {
        if (!Operators.serve(x)) {
            return totalByProducts(x);
        }
        if (isSmall(x)) {
            return Operators.total(x);
        }
        if (Operators.mayHang(x)) {
            return Operators.sumOfFew(x.reshape(1, -1), 1, false).squeeze(0);
        }
        // The exact value of one sum, with the fast gradient of the other.
        NDArray sum = totalByProducts(x);
        return Gradients.overwrite(sum, sumOfConstant(x.stopGradient()));
    }

    /** Sums by products with ones, row by row, to lose few digits. */
    private static NDArray totalByProducts(NDArray x) {
        Shape shape = x.getShape();
        long width = shape.isScalar() ? 1 : shape.tail();
        if (shape.dimension() > 1 && width >= MIN_WIDTH) {
            return totalByProducts(x.dot(ones(x, width)));
        }
        width = divisor(x.size());
        if (width >= MIN_WIDTH && width < x.size()) {
            return totalByProducts(x.reshape(-1, width));
        }
        NDArray flat = flat(x);
        return flat.dot(ones(flat, flat.size()));
    }

    /** Returns whether the number of operations matters more than their work. */
    public static boolean isSmall(NDArray x) {
        return x.size() < SMALL || Traced.is(x);
    }

    /** Returns the largest divisor of a number that is a suitable width of rows. */
    private static long divisor(long number) {
        long width = ROW;
        while (number % width != 0) {
            width--;
        }
        return width;
    }

    /**
     * Returns the mean of all elements, some of which may be infinite.
     *
     * @param x the array, not empty
     * @return a 0-d array, {@code x} itself if it is one
     */
    public static NDArray mean(NDArray x) {
        if (x.getShape().isScalar()) {
            return x;
        }
        return Traits.SUMS_INFINITIES.of(x.getManager())
                ? x.mean()
                : NdBase.div(total(x), x.size());
    }

    /**
     * Returns the sums along an axis; some values may be infinite.
     *
     * @param x the array
     * @param axis the axis
     * @param keepDims whether the axis stays, with size 1
     * @return the sums
     */
    public static NDArray sum(NDArray x, int axis, boolean keepDims) {
        int summed = NdBase.axis(x, axis);
        if (Traits.SUMS_INFINITIES.of(x.getManager())) {
            return x.sum(new int[] {summed}, keepDims);
        }
        if (Operators.mayHang(x) || (isSmall(x) && Operators.serve(x))) {
            return keepDims || x.getShape().dimension() > 1
                    ? Operators.sumOfFew(x, summed, keepDims)
                    : Operators.total(x);
        }
        NDArray sums = sumByProduct(x, summed);
        if (x.getShape().get(summed) > EXACT_WIDTH && Operators.serve(x)) {
            sums = Gradients.overwrite(sums, Operators.sum(x.stopGradient(), summed));
        }
        return keepDims ? sums.expandDims(summed) : sums;
    }

    /**
     * Returns the sums of a constant along an axis, which stays with size 1, in fewer passes than
     * {@link #sum(NDArray, int, boolean)}.
     *
     * @param x the array, detached
     * @param axis the axis
     * @return the sums
     */
    public static NDArray sumOfConstant(NDArray x, int axis) {
        int summed = NdBase.axis(x, axis);
        return Traits.SUMS_INFINITIES.of(x.getManager())
                        || !Operators.serve(x)
                        || isSmall(x)
                        || x.getShape().get(summed) <= EXACT_WIDTH
                ? sum(x, summed, true)
                : Operators.sum(x, summed).expandDims(summed);
    }

    /** Sums along an axis by a product with ones, which is fast on every engine. */
    private static NDArray sumByProduct(NDArray x, int axis) {
        Shape shape = x.getShape();
        long size = shape.get(axis);
        if (axis == shape.dimension() - 1) {
            return x.dot(ones(x, size));
        }
        long rows = shape.slice(0, axis).size();
        Shape rest = shape.slice(0, axis).addAll(shape.slice(axis + 1));
        return ones(x, rows, 1, size).matMul(x.reshape(rows, size, -1)).reshape(rest);
    }

    private static NDArray ones(NDArray like, long... shape) {
        return like.getManager().ones(new Shape(shape), like.getDataType());
    }

    /** Returns an array flattened to a vector. */
    static NDArray flat(NDArray x) {
        return x.getShape().dimension() == 1 ? x : x.reshape(-1);
    }
}
