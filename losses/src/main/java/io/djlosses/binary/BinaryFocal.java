/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.binary;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.BinaryCrossEntropy;
import io.djlosses.internal.kernel.FocalModulation;

import java.util.List;
import java.util.function.Supplier;

/**
 * What the focal losses of probabilities and of logits share: the entropy of an answer, modulated
 * by how wrong it is and weighted by its class.
 */
abstract class BinaryFocal extends ElementwiseLoss {

    final double gamma;
    private final double alpha;
    private final double labelSmoothing;

    BinaryFocal(FocalModulation.Builder<?, ?> builder) {
        super(builder);
        gamma = builder.gamma();
        alpha = builder.alpha();
        labelSmoothing = builder.labelSmoothing();
    }

    /** Returns the entropy · (1 − p_t)^γ of every element. */
    abstract NDArray modulated(NDArray label, NDArray prediction);

    /** Computes the outcome of detached arrays. */
    abstract Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient);

    /** Returns the script in closed form, with or without the weights of the classes. */
    abstract Script script(boolean isBalanced);

    /** {@inheritDoc} */
    @Override
    protected final NDArray unreduced(NDArray label, NDArray prediction) {
        NDArray soft = BinaryCrossEntropy.smoothed(label, labelSmoothing);
        NDArray values = modulated(soft, prediction);
        NDArray balance = FocalModulation.balance(soft, alpha);
        return balance == null ? values : values.mul(balance);
    }

    /** Returns the outcome of a closed form whose values and slope have no weights yet. */
    final Outcome outcome(
            NDArray label, NDArray values, boolean gradient, Supplier<NDArray> slope) {
        NDArray balance = FocalModulation.balance(label, alpha);
        NDArray sum = Sums.sumOfConstant(balance == null ? values : values.mul(balance));
        return Outcome.of(
                sum,
                values.size(),
                gradient,
                1,
                () -> balance == null ? slope.get() : slope.get().muli(balance));
    }

    /** {@inheritDoc} */
    @Override
    protected final List<Reading> readings() {
        Reading closed =
                closedForm(
                        Thresholds.ALWAYS,
                        (label, prediction, gradient) ->
                                inClosedForm(
                                        BinaryCrossEntropy.smoothed(label, labelSmoothing),
                                        prediction,
                                        gradient));
        if (gamma < 1) {
            return List.of(Reading.graph(), closed);
        }
        Reading script =
                script(
                        script(alpha != FocalModulation.OFF),
                        (label, prediction) ->
                                List.of(
                                        prediction,
                                        BinaryCrossEntropy.smoothed(label, labelSmoothing)),
                        gamma,
                        alpha);
        return List.of(Reading.graph(), script, closed);
    }
}
