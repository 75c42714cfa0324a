/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.nd;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;

import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Looks;
import io.djlosses.internal.core.NdBase;
import io.djlosses.internal.core.Speculation;
import io.djlosses.internal.core.Traced;
import io.djlosses.internal.core.Trait;
import io.djlosses.internal.core.Traits;
import io.djlosses.internal.symbolic.Operators;

import java.util.Arrays;

/**
 * Portable operations on {@link NDArray}s: each method gives the same value and gradient on every
 * engine, in FLOAT32 and FLOAT64, also at ties, kinks and infinities, where the engines' own
 * operations differ.
 *
 * <p>A loss written with these methods and with the operations {@code add sub mul div neg abs exp
 * log square sqrt sum(axes)} is portable without further care.
 *
 * <h2>Numbers in what is differentiated</h2>
 *
 * <p>On PyTorch, DJL makes the number of {@code x.mul(2f)}, {@code x.div(2f)} or {@code x.pow(3)}
 * an array in Java memory, which the backward pass reads but does not keep. If the JVM collects
 * garbage between forward and backward pass, that memory may hold something else by then, and the
 * gradient of {@code x} is wrong without an error. The same is true of what {@code
 * NDManager.create(Buffer)} returns, if a graph needs it after it has been closed. It concerns all
 * of a training, not losses alone: the blocks of a model as well. Use {@link #mul(NDArray, double)
 * Nd.mul}, {@link #div(NDArray, double) Nd.div}, {@link #pow(NDArray, double) Nd.pow} and {@link
 * #create(ai.djl.ndarray.NDManager, float[], Shape) Nd.create}, whose numbers belong to the engine.
 * {@code add} and {@code sub} of a number are safe, as their gradients do not depend on it, and so
 * is everything that is not differentiated.
 */
public final class Nd extends NdBase {

    /** Up to this size, the number of operations matters more than their work. */
    private static final long SMALL = 4096;

    /** Up to this number, classes that are added up one by one lose no digits. */
    private static final long FEW = 256;

    private Nd() {}

    /**
     * Selects element by element, after broadcasting all arguments to a common shape.
     *
     * @param mask the BOOLEAN condition
     * @param yes the values where the condition holds
     * @param no the values elsewhere
     * @return the selection, with the common shape
     */
    public static NDArray where(NDArray mask, NDArray yes, NDArray no) {
        Shape shape = broadcastShape(mask.getShape(), yes.getShape(), no.getShape());
        return NDArrays.where(fit(mask, shape), fit(yes, shape), fit(no, shape));
    }

    /**
     * Selects element by element between an array and a number.
     *
     * @param mask the BOOLEAN condition, broadcastable to the array
     * @param yes the values where the condition holds
     * @param no the number elsewhere
     * @return the selection, with the shape of {@code yes}
     */
    public static NDArray where(NDArray mask, NDArray yes, double no) {
        Shape shape = yes.getShape();
        // One number, which some engines repeat without writing it.
        boolean one = yes.size() >= SMALL && !Operators.serve(yes);
        long[] sizes = shape.getShape().clone();
        Arrays.fill(sizes, 1);
        NDArray other =
                one ? yes.getManager().ones(new Shape(sizes), yes.getDataType()) : yes.onesLike();
        if (no == 0) {
            other = other.zerosLike();
        } else if (no != 1) {
            other.muli(yes.getDataType().isInteger() ? (Number) (long) no : num(yes, no));
        }
        return NDArrays.where(fit(mask, shape), yes, fit(other, shape));
    }

    /**
     * Returns a shape with another number of axes: those that come or go are the last, of size 1.
     *
     * @param shape the shape
     * @param rank the number of axes
     * @return the shape with that many axes
     */
    public static Shape withRank(Shape shape, int rank) {
        long[] sizes = Arrays.copyOf(shape.getShape(), rank);
        Arrays.fill(sizes, Math.min(shape.dimension(), rank), rank, 1);
        return new Shape(sizes);
    }

    /**
     * Returns an array with another number of axes: those that come or go are the last, of size 1.
     *
     * @param x the array
     * @param rank the number of axes
     * @return the array with that many axes
     */
    public static NDArray withRank(NDArray x, int rank) {
        Shape shape = x.getShape();
        return shape.dimension() == rank ? x : x.reshape(withRank(shape, rank));
    }

    /**
     * Returns whether a condition holds anywhere along an axis.
     *
     * @param mask the BOOLEAN condition, not empty
     * @param axis the axis, which is kept with size 1
     * @return BOOLEAN
     */
    public static NDArray any(NDArray mask, int axis) {
        return mask.getShape().get(axis) == 1
                ? mask
                : mask.toType(DataType.FLOAT32, false).max(new int[] {axis}, true).gt(0);
    }

    /**
     * Returns the shape to which the given shapes are broadcast.
     *
     * @param shapes the shapes
     * @return their common shape by the rules of NumPy
     * @throws IllegalArgumentException if they cannot be broadcast
     */
    public static Shape broadcastShape(Shape... shapes) {
        int rank = 0;
        for (Shape shape : shapes) {
            rank = Math.max(rank, shape.dimension());
        }
        long[] common = new long[rank];
        Arrays.fill(common, 1);
        for (Shape shape : shapes) {
            int offset = rank - shape.dimension();
            for (int i = 0; i < shape.dimension(); i++) {
                long size = shape.get(i);
                if (size != 1 && common[offset + i] != 1 && size != common[offset + i]) {
                    throw new IllegalArgumentException(
                            "shapes " + Arrays.toString(shapes) + " do not broadcast");
                }
                common[offset + i] = common[offset + i] == 1 ? size : common[offset + i];
            }
        }
        return new Shape(common);
    }

    private static NDArray fit(NDArray array, Shape shape) {
        return array.getShape().equals(shape) ? array : array.broadcast(shape);
    }

    /**
     * Picks one entry along axis 1 for every other position.
     *
     * @param scores an array of shape (N, C) or (N, C, d1, …, dK)
     * @param index INT64 indices in [0, C), of shape (N) or (N, d1, …, dK); they are not checked
     *     here, and for an index out of range an engine may wrap, clamp or abort
     * @return the picked entries, with the shape of {@code index}
     */
    public static NDArray pick(NDArray scores, NDArray index) {
        return Operators.serve(scores)
                ? Operators.pick(scores, index)
                : scores.get(new NDIndex().addAllDim().addPickDim(index.expandDims(1))).squeeze(1);
    }

    /**
     * Encodes class indices as rows that are 1 at the index and 0 elsewhere.
     *
     * @param index INT64 indices of shape (N); the row of an index out of range is 0
     * @param classes the number of classes C
     * @param like an array with the data type of the result
     * @return a constant of shape (N, C)
     */
    public static NDArray oneHot(NDArray index, long classes, NDArray like) {
        if (Operators.serve(index)) {
            return index.oneHot((int) classes, 1, 0, like.getDataType());
        }
        NDArray range = index.getManager().arange(0, (int) classes, 1, DataType.INT64);
        try (NDArray equal = index.expandDims(1).eq(range)) {
            return equal.toType(like.getDataType(), false);
        }
    }

    /**
     * Returns log(softmax(x)) along an axis, exact to the last bits even if the engine's fused
     * operation is not.
     *
     * @param x the logits; −∞ is a class that cannot occur
     * @param axis the axis of the classes
     * @return the log-probabilities
     */
    public static NDArray logSoftmax(NDArray x, int axis) {
        int classAxis = axis(x, axis);
        if (x.size() == 0) {
            return x;
        }
        if (isLogSoftmaxExact(x, classAxis)) {
            return x.logSoftmax(classAxis);
        }
        if (Sums.isSmall(x) && x.getShape().get(classAxis) <= FEW && Operators.serve(x)) {
            return Operators.logSoftmax(x, classAxis);
        }
        // The error of the fused operation is constant along the axis: log Σ exp of its result.
        NDArray rough = x.logSoftmax(classAxis);
        return rough.sub(sum(rough.exp(), classAxis, true).log());
    }

    /**
     * Returns log(softmax(x)) of one class of each sample, like {@code pick(logSoftmax(x, 1),
     * index)}, but without computing the exact logarithms of all other classes.
     *
     * @param x the logits, of shape (N, C) or (N, C, d1, …, dK)
     * @param index INT64 indices in [0, C), of shape (N) or (N, d1, …, dK)
     * @return the log-probabilities, with the shape of {@code index}
     */
    public static NDArray logSoftmax(NDArray x, NDArray index) {
        if (isLogSoftmaxExact(x) || x.size() < SMALL) {
            return pick(logSoftmax(x, 1), index);
        }
        return logSoftmax(x, x.softmax(1), index);
    }

    /**
     * Returns log(softmax(x)) of one class of each sample, if the softmax is already known.
     *
     * @param x the logits, of shape (N, C) or (N, C, d1, …, dK)
     * @param prob their softmax over axis 1
     * @param index INT64 indices in [0, C), of shape (N) or (N, d1, …, dK)
     * @return the log-probabilities, with the shape of {@code index}
     */
    public static NDArray logSoftmax(NDArray x, NDArray prob, NDArray index) {
        // The fused softmax is exact, and so is its logarithm unless it underflows.
        if (!Traced.is(x)) {
            NDArray picked = pick(prob, index);
            if (Speculation.on(() -> Looks.isNormal(picked))) {
                return picked.log();
            }
        }
        NDArray top = x.stopGradient().argMax(1);
        return pick(x, index).sub(pick(x, top)).add(pick(prob, top).log());
    }

    /**
     * Returns whether the engine's fused log-softmax along axis 1 is as exact as its element-wise
     * operations, so that no other way to compute it is worth its cost.
     *
     * @param x the logits
     * @return whether it is
     */
    public static boolean isLogSoftmaxExact(NDArray x) {
        return isLogSoftmaxExact(x, 1);
    }

    private static boolean isLogSoftmaxExact(NDArray x, int axis) {
        if (x.getDataType() == DataType.FLOAT64) {
            return true;
        }
        Trait trait =
                axis == x.getShape().dimension() - 1
                        ? Traits.EXACT_LOG_SOFTMAX
                        : Traits.EXACT_INNER_LOG_SOFTMAX;
        return trait.of(x.getManager());
    }

    /**
     * Returns the sum of all values, some of which may be infinite: a compensated sum, which some
     * engines compute, would then be NaN.
     *
     * @param x the array
     * @return the 0-d sum
     */
    public static NDArray sum(NDArray x) {
        return Sums.sum(x);
    }

    /**
     * Returns the sums along an axis; some values may be infinite.
     *
     * @param x the array
     * @param axis the axis, which is removed
     * @return the sums
     */
    public static NDArray sum(NDArray x, int axis) {
        return Sums.sum(x, axis, false);
    }

    /**
     * Returns the sums along an axis; some values may be infinite.
     *
     * @param x the array
     * @param axis the axis
     * @param keepDims whether the axis is kept, with size 1
     * @return the sums
     */
    public static NDArray sum(NDArray x, int axis, boolean keepDims) {
        return Sums.sum(x, axis, keepDims);
    }

    /**
     * Returns the mean of all elements, some of which may be infinite.
     *
     * @param x the array, not empty
     * @return a 0-d array, {@code x} itself if it is one
     */
    public static NDArray mean(NDArray x) {
        return Sums.mean(x);
    }

    /**
     * Returns the product of two matrices. Where an engine is set to run several operators at a
     * time and its own products could then wait for each other forever, it is a plain sum, which is
     * safe but slow.
     *
     * @param x a matrix (N, K)
     * @param y a matrix (K, M)
     * @return a matrix (N, M)
     */
    public static NDArray matMul(NDArray x, NDArray y) {
        return Operators.mayHang(x) ? Operators.matMul(x, y) : x.matMul(y);
    }

    /**
     * Returns log Σ exp(x) along an axis, without overflow.
     *
     * @param x the array
     * @param axis the axis, which is removed
     * @return the logarithm of the sum of exponentials
     */
    public static NDArray logSumExp(NDArray x, int axis) {
        int[] axes = {axis(x, axis)};
        NDArray max = x.max(axes, true).stopGradient();
        return x.sub(max).exp().sum(axes, true).log().add(max).squeeze(axes[0]);
    }

    /**
     * Returns log(1 + u) with full precision and the correct gradient near 0.
     *
     * @param u the argument, in [−1, 1]
     * @return the logarithm
     */
    public static NDArray log1p(NDArray u) {
        if (Operators.serve(u)) {
            return Operators.log1p(u);
        }
        // log(r), where r is 1 + u rounded, corrected to first order for the rounding error.
        NDArray rounded = u.add(num(u, 1));
        try (NDArray gained = rounded.stopGradient().sub(num(u, 1)).subi(u.stopGradient());
                NDArray log = rounded.log()) {
            rounded.close();
            return log.sub(gained);
        }
    }

    /**
     * Returns log(1 + exp(x)) without overflow, with the gradient σ(x) everywhere, also at 0.
     *
     * @param x the argument
     * @return the softplus
     */
    public static NDArray softplus(NDArray x) {
        if (x.getDataType() == DataType.FLOAT32 && Traits.EXACT_SOFTPLUS.of(x.getManager())) {
            return Activation.softPlus(x);
        }
        if (x.getDataType() == DataType.FLOAT32 && Operators.serve(x)) {
            return Operators.softplus(x);
        }
        // −|x|, but with gradient 1 at 0: with abs(), whose gradient is 0 there, the sum of the two
        // terms would have gradient 0 at 0 instead of ½.
        NDArray minusAbs = NDArrays.where(x.gt(0), x.neg(), x);
        return relu(x).add(log1p(minusAbs.exp()));
    }

    /**
     * Returns 1 − x.
     *
     * @param x the argument
     * @return a new array
     */
    public static NDArray complement(NDArray x) {
        return Operators.serve(x) ? Operators.complement(x) : x.neg().add(num(x, 1));
    }

    /**
     * Returns log σ(x) without overflow.
     *
     * @param x the argument
     * @return the logarithm of the logistic function
     */
    public static NDArray logSigmoid(NDArray x) {
        return softplus(x.neg()).neg();
    }

    /**
     * Returns the logistic function σ(x) = 1 / (1 + exp(−x)).
     *
     * @param x the argument
     * @return a value in [0, 1]
     */
    public static NDArray sigmoid(NDArray x) {
        return x.size() == 0
                ? x
                : Activation.sigmoid(x); // an empty array is an error on some engines
    }

    /**
     * Returns max(x, 0) with gradient 0 at 0; NaN stays NaN.
     *
     * @param x the argument
     * @return the rectified argument
     */
    public static NDArray relu(NDArray x) {
        return Operators.serve(x) ? Operators.relu(x) : NDArrays.where(x.lte(0), x.zerosLike(), x);
    }

    /**
     * Returns max(x, 0) with gradient 1 at 0, like PyTorch's {@code clamp_min(0)}; NaN stays NaN.
     *
     * @param x the argument
     * @return the clamped argument
     */
    public static NDArray clampMin0(NDArray x) {
        return NDArrays.where(x.lt(0), x.zerosLike(), x);
    }

    /**
     * Returns x · log(y), which is 0 where x is 0, for every y.
     *
     * @param x the factor
     * @param y the argument of the logarithm
     * @return the product
     */
    public static NDArray xlogy(NDArray x, NDArray y) {
        NDArray zero = x.eq(0);
        return where(zero, x.zerosLike(), x.mul(where(zero, y.onesLike(), y).log()));
    }

    /**
     * Returns x · y, where x = 0 makes y = −∞ count 0: y is the logarithm of what cannot occur.
     *
     * @param x a factor
     * @param y a logarithm, of the same shape
     * @return the product
     */
    public static NDArray product(NDArray x, NDArray y) {
        NDArray impossible = x.eq(0).logicalAnd(y.eq(Double.NEGATIVE_INFINITY));
        return x.mul(where(impossible, y.zerosLike(), y));
    }

    /**
     * Returns the sums of {@link #product} along an axis. It looks for logarithms of −∞ only where
     * a sum is not finite, if that does not wait for a device.
     *
     * @param x a factor
     * @param y a logarithm, of the same shape
     * @param axis the axis, which is removed
     * @return the sums
     */
    public static NDArray sumOfProducts(NDArray x, NDArray y, int axis) {
        if (!Traced.is(y) && !y.getDevice().isGpu()) {
            NDArray sums = sum(x.mul(y), axis);
            if (Speculation.on(() -> Looks.allFinite(sums))) {
                return sums;
            }
        }
        return sum(product(x, y), axis);
    }

    /**
     * Returns the Euclidean norm along an axis, with gradient 0 where it is 0.
     *
     * @param x the array
     * @param axis the axis
     * @param keepDims whether the axis is kept, with size 1
     * @return the norm
     */
    public static NDArray norm(NDArray x, int axis, boolean keepDims) {
        NDArray squares = sum(x.square(), axis, keepDims);
        NDArray zero = squares.eq(0);
        NDArray root = where(zero, squares.onesLike(), squares).sqrt();
        return where(zero, squares.zerosLike(), root);
    }

    /**
     * Returns the p-norm (Σ |x|ᵖ)^(1/p) along an axis. As in PyTorch, components that are 0 and
     * norms that are 0 have gradient 0, and with p = ∞ equal maxima share the gradient evenly.
     *
     * @param x the array
     * @param p the order, greater than 0; {@link Double#POSITIVE_INFINITY} for the largest |x|
     * @param axis the axis, which has at least one component
     * @param keepDims whether the axis is kept, with size 1
     * @return the norm
     */
    public static NDArray norm(NDArray x, double p, int axis, boolean keepDims) {
        if (p == 2) {
            return norm(x, axis, keepDims);
        }
        NDArray size = x.abs();
        if (p == 1) {
            return sum(size, axis, keepDims);
        }
        if (p == Double.POSITIVE_INFINITY) {
            NDArray constant = size.stopGradient();
            NDArray isMax = cast(constant.eq(constant.max(new int[] {axis(x, axis)}, true)), x);
            return sum(size.mul(isMax), axis, keepDims).div(sum(isMax, axis, keepDims));
        }
        NDArray powers = p > 1 ? pow(size, p) : powerOrZero(size, p);
        return powerOrZero(sum(powers, axis, keepDims), 1 / p);
    }

    /** Returns xᵖ, with value 0 and gradient 0 at 0. */
    private static NDArray powerOrZero(NDArray x, double p) {
        NDArray zero = x.eq(0);
        NDArray power = pow(where(zero, x.onesLike(), x), p);
        return where(zero, x.zerosLike(), power);
    }

    /**
     * Returns the smaller of two arrays of equal shape; where they are equal, each gets half of the
     * gradient, as in PyTorch's {@code minimum}.
     *
     * @param x an array
     * @param y an array
     * @return the minimum; NaN where either is NaN
     */
    public static NDArray minimum(NDArray x, NDArray y) {
        return where(x.eq(y), mul(x.add(y), 0.5), x.minimum(y));
    }
}
