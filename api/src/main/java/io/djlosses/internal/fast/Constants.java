/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.fast;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;

import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Looks;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.core.Traits;
import io.djlosses.internal.symbolic.Operators;
import io.djlosses.nd.Nd;

/**
 * Operations on constants, for closed forms: they keep no graph, take fewer passes than those of
 * {@link io.djlosses.nd.Nd}, and some of them close or overwrite their argument.
 */
public final class Constants {

    private static final long ROW = 256;

    private Constants() {}

    private static final double LN2 = Math.log(2);

    /**
     * Returns Σ q · log(softmax(x)) over all samples and classes of constants. It is exact also if
     * the fused operation is not, and costs less than an exact log-softmax.
     *
     * @param x the logits, of shape (N, C) or (N, C, d1, …, dK)
     * @param prob their softmax over axis 1
     * @param q the factors, with the shape of {@code x}
     * @param sums the sums of {@code q} over axis 1, which is kept with size 1
     * @return the 0-d sum
     */
    public static NDArray sumLogSoftmax(NDArray x, NDArray prob, NDArray q, NDArray sums) {
        try (NDArray rough = x.logSoftmax(1)) {
            NDArray excess = excess(rough, x, prob);
            // An excess of 0 times an infinite sum would be NaN.
            excess.muli(sums.squeeze(1).clip(-1e38f, 1e38f));
            return Sums.sumOfConstant(rough.muli(q)).sub(Sums.sumOfConstant(excess));
        }
    }

    /**
     * Returns {@link #sumLogSoftmax(NDArray, NDArray, NDArray, NDArray)} for factors that are the
     * same for all classes except one per sample, without an array of factors.
     *
     * @param x the logits, of shape (N, C) or (N, C, d1, …, dK)
     * @param prob their softmax over axis 1
     * @param index INT64 indices in [0, C), of shape (N) or (N, d1, …, dK)
     * @param all the factor of every class
     * @param own what the factor of the class of the index is larger by
     * @return the 0-d sum
     */
    public static NDArray sumLogSoftmax(
            NDArray x, NDArray prob, NDArray index, double all, double own) {
        try (NDArray rough = x.logSoftmax(1)) {
            NDArray excess = excess(rough, x, prob);
            excess.muli(Nd.num(x, all * x.getShape().get(1) + own));
            NDArray picked = Nd.pick(rough, index).muli(Nd.num(x, own)).subi(excess);
            return Sums.sumOfConstant(rough).muli(Nd.num(x, all)).addi(Sums.sumOfConstant(picked));
        }
    }

    /**
     * Returns the error by which a fused log-softmax is too large, which is the same for all
     * classes.
     */
    private static NDArray excess(NDArray rough, NDArray x, NDArray prob) {
        Shape shape = x.getShape().slice(0, 1).addAll(x.getShape().slice(2));
        NDArray one = x.getManager().zeros(shape, DataType.INT64);
        if (!Looks.isNormal(Nd.pick(prob, one))) {
            one = x.argMax(1);
        }
        return Nd.pick(rough, one).subi(Nd.pick(prob, one).log());
    }

    /**
     * Returns Σ x² of a constant, with fewer passes over a large array than {@code sum(x.square())}
     * if the engine's norm is as exact.
     *
     * @param x the array, detached
     * @return the 0-d sum
     */
    public static NDArray sumOfSquares(NDArray x) {
        // Rows so short that a plain sum of their squares is exact.
        long width = Math.min(Long.lowestOneBit(x.size()), ROW);
        if (width == ROW
                && x.size() >= Thresholds.PASS
                && Traits.SUMS_INFINITIES.of(x.getManager())) {
            return x.reshape(-1, width).norm(new int[] {1}).square().sum();
        }
        try (NDArray squares = x.square()) {
            return Sums.sumOfConstant(squares);
        }
    }

    /**
     * Returns Σ |x| of a constant.
     *
     * @param x the array, detached
     * @return the 0-d sum
     */
    public static NDArray sumOfAbs(NDArray x) {
        try (NDArray sizes = x.abs()) {
            return Sums.sumOfConstant(sizes);
        }
    }

    /**
     * Returns Σ x·y of constants along the last axis, which is kept with size 1, without an array
     * of the products if the engine needs none.
     *
     * @param x an array, detached
     * @param y an array of the same shape, detached
     * @return the sums
     */
    public static NDArray dotOfConstants(NDArray x, NDArray y) {
        if (Operators.serve(x)) {
            return Operators.dot(x, y).expandDims(-1);
        }
        try (NDArray products = x.mul(y)) {
            return Nd.sum(products, -1, true);
        }
    }

    /**
     * Returns Σ log(1 + exp(x)) of a constant, with fewer passes and less memory than the sum of an
     * exact softplus on engines that have no exact operation for it.
     *
     * @param x the arguments, detached
     * @return the 0-d sum
     */
    public static NDArray sumOfSoftplus(NDArray x) {
        if (x.getDataType() == DataType.FLOAT32 && Traits.EXACT_SOFTPLUS.of(x.getManager())) {
            try (NDArray softplus = Activation.softPlus(x)) {
                return Sums.sumOfConstant(softplus);
            }
        }
        NDArray sum = sumOfSoftplusOfNegative(x.abs().negi());
        try (NDArray positive = positivePart(x)) {
            return sum.addi(Sums.sumOfConstant(positive));
        }
    }

    /**
     * Returns Σ log(1 + exp(x)) of a constant that is nowhere positive; see {@link
     * #softplusOfNegative}.
     *
     * @param x the arguments, at most 0, detached; the array is closed
     * @return the 0-d sum
     */
    public static NDArray sumOfSoftplusOfNegative(NDArray x) {
        if (Traits.EXACT_SOFTPLUS.of(x.getManager()) || !Operators.serve(x)) {
            try (NDArray softplus = softplusOfNegative(x)) {
                return Sums.sumOfConstant(softplus);
            }
        }
        Operators.sigmoidInPlace(x);
        try (NDArray sums = minusLogOfRest(eitherOf(eitherOf(x)))) {
            return Sums.sumOfConstant(sums);
        }
    }

    /**
     * Returns log(1 + exp(x)) of a constant that is nowhere positive: the small part of {@code
     * softplus(x) = max(x, 0) + softplusOfNegative(−|x|)}, which is exact to the last bits in every
     * precision.
     *
     * @param x the argument, at most 0, detached; it is closed, or its memory becomes the result
     * @return the softplus
     */
    public static NDArray softplusOfNegative(NDArray x) {
        if (Traits.EXACT_SOFTPLUS.of(x.getManager())) {
            try (x) {
                return Activation.softPlus(x);
            }
        }
        if (!Operators.serve(x)) {
            try (x;
                    NDArray exp = x.exp()) {
                return Nd.log1p(exp);
            }
        }
        // The logistic function and the logarithm to base 2 are the fastest on these engines.
        Operators.sigmoidInPlace(x);
        return minusLogOfRest(x);
    }

    /** Replaces p, which is in [0, 1), by −log(1 − p). */
    private static NDArray minusLogOfRest(NDArray p) {
        Number one = Nd.num(p, 1);
        try (NDArray rest = p.neg().addi(one)) {
            // Corrected to first order for the rounding error of 1 − p.
            p.addi(rest.subi(one));
            rest.addi(one);
            Operators.log2InPlace(rest);
            return p.subi(rest.muli(Nd.num(p, LN2)));
        }
    }

    /**
     * Returns p + q − p q for the two halves p and q of an array of probabilities, with all digits
     * of small values: 1 − (p + q − p q) is (1 − p) (1 − q), so one logarithm is enough for both.
     */
    private static NDArray eitherOf(NDArray p) {
        Shape shape = p.getShape();
        int axis = 0;
        while (axis < shape.dimension() && shape.get(axis) % 2 != 0) {
            axis++;
        }
        if (axis == shape.dimension()) {
            return p;
        }
        long half = shape.get(axis) / 2;
        try (p;
                NDArray second = Operators.slice(p, axis, half, 2 * half)) {
            NDArray first = Operators.slice(p, axis, 0, half);
            try (NDArray both = first.mul(second)) {
                return first.addi(second).subi(both);
            }
        }
    }

    /**
     * Returns max(x, 0) of a constant.
     *
     * @param x the argument, detached; an engine may return 0 for NaN
     * @return a new array
     */
    public static NDArray positivePart(NDArray x) {
        return Operators.serve(x) ? Operators.positivePart(x) : x.maximum(Nd.num(x, 0));
    }

    /**
     * Returns 1 where a constant is less than a number, and 0 elsewhere.
     *
     * @param x the array, detached
     * @param number the number
     * @return a new array in the data type of {@code x}
     */
    public static NDArray lt(NDArray x, double number) {
        return Operators.serve(x)
                ? Operators.withNumber("_lesser_scalar", x, number)
                : Nd.cast(x.lt(number), x);
    }

    /**
     * Returns 1 where a constant is not greater than a number, and 0 elsewhere.
     *
     * @param x the array, detached
     * @param number the number
     * @return a new array in the data type of {@code x}
     */
    public static NDArray lte(NDArray x, double number) {
        return Operators.serve(x)
                ? Operators.withNumber("_lesser_equal_scalar", x, number)
                : Nd.cast(x.lte(number), x);
    }

    /**
     * Returns the sign of a constant: −1, 0 or 1.
     *
     * @param x the array, detached
     * @return a new array
     */
    public static NDArray sign(NDArray x) {
        if (!Operators.serve(x) || x.getDataType() != DataType.FLOAT32) {
            return x.sign();
        }
        // Engines with a slow sign() have a fast tanh, which is ±1 for large x.
        NDArray large = x.mul(1e38f).muli(1e38f);
        Operators.tanhInPlace(large);
        return large;
    }
}
