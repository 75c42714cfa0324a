/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.Outcome;
import io.djlosses.api.Terms;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.fast.Constants;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

/** The cross entropy of softmax(x), with class weights and label smoothing. */
public final class CrossEntropy {

    private CrossEntropy() {}

    /**
     * Returns −Σc t[c] log p[c] of class indices, {@code t[c] = (1 − ε) w[y] 1[c = y] + (ε / C)
     * w[c]}.
     *
     * @param targets the classes and their weights
     * @param logits the logits (N, C), (N, C, …) or (C)
     * @param row w, of a shape that broadcasts to the logits, or null for 1
     * @param smoothing ε
     */
    public static Terms ofIndices(
            ClassTargets targets, NDArray logits, @Nullable NDArray row, double smoothing) {
        if (smoothing == 0) {
            return targets.weigh(ClassAxis.logSoftmax(logits, targets.index()).neg());
        }
        int axis = ClassAxis.of(logits);
        NDArray logProb = Nd.logSoftmax(logits, axis); // [N, C, *]
        NDArray picked = ClassAxis.pick(logProb, targets.index()); // [N, *]
        NDArray all = targets.keep(Nd.sum(weighted(logProb, row), axis).neg());
        // Every class adds its share, but the mean still divides by the weights of the targets.
        Terms terms = targets.weigh(picked.neg());
        return terms.withValues(
                Nd.mul(terms.values(), 1 - smoothing)
                        .add(Nd.mul(all, smoothing / logits.getShape().get(axis))));
    }

    /**
     * Returns what −log p of a class counts: {@code t[c] = w[c] ((1 − ε) y[c] + ε / C)}.
     *
     * @param label y, of the shape of the logits
     * @param row w, of a shape that broadcasts to the label, or null for 1
     * @param smoothing ε
     */
    public static NDArray distribution(NDArray label, @Nullable NDArray row, double smoothing) {
        NDArray smooth = label;
        if (smoothing > 0) {
            double share = smoothing / label.getShape().get(ClassAxis.of(label));
            smooth = Nd.mul(label, 1 - smoothing).add(Nd.num(label, share));
        }
        return weighted(smooth, row);
    }

    /** Returns −Σc t[c] log p[c]. */
    public static NDArray of(NDArray distribution, NDArray logits) {
        int axis = ClassAxis.of(logits);
        return Nd.sum(Nd.logSoftmax(logits, axis).mul(distribution), axis).neg();
    }

    /**
     * Returns the sum of {@link #of}, and (Σc t[c]) p − t as its gradient, in the shape in which
     * the logits were given; null where the formula is as fast.
     */
    public static @Nullable Outcome inClosedForm(
            NDArray distribution, NDArray logits, Shape shape, boolean gradient) {
        if (logits.getShape().dimension() == 1 || Nd.isLogSoftmaxExact(logits)) {
            return null;
        }
        NDArray prob = logits.softmax(1);
        NDArray sums = Sums.sumOfConstant(distribution, 1);
        NDArray sum = Constants.sumLogSoftmax(logits, prob, distribution, sums).neg();
        return Outcome.of(
                sum,
                sums.size(),
                gradient,
                1,
                () -> prob.muli(sums).subi(distribution).reshape(shape));
    }

    /** Multiplies with class weights, where there are any. */
    public static NDArray weighted(NDArray array, @Nullable NDArray row) {
        return row == null ? array : array.mul(row);
    }
}
