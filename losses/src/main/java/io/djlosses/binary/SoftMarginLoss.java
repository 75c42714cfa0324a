/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.binary;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Checks;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.SimpleBuilder;
import io.djlosses.internal.kernel.Margin;

import java.util.List;

/**
 * The logistic loss for labels −1 and 1, a smooth form of the hinge loss.
 *
 * <p>Use it for binary classification with signed labels; {@link BCEWithLogitsLoss} is the same
 * loss for labels 0 and 1. Each element contributes
 *
 * <pre>{@code
 * ℓ = log(1 + exp(−y x))        x score, y label in {−1, 1}
 * }</pre>
 *
 * <p>Shapes are those of every {@link ElementwiseLoss}; labels are −1 or 1.
 *
 * <p>Equivalent to {@code torch.nn.SoftMarginLoss(reduction)} and {@code
 * mindspore.nn.SoftMarginLoss}. Difference: it is computed without overflow, so that a prediction
 * that is wrong by more than 88 has a finite value and gradient, while PyTorch gives ∞ and NaN. A
 * label other than −1 and 1 is used as it is; strict validation rejects it.
 */
public final class SoftMarginLoss extends ElementwiseLoss {

    private SoftMarginLoss(SimpleBuilder<SoftMarginLoss> builder) {
        super(builder);
    }

    @Override
    protected void checkData(NDArray label, NDArray prediction) {
        Checks.signs(getName(), "labels[0]", label);
    }

    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        return Margin.logistic(label, prediction);
    }

    private Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        return Margin.closedForm(label, prediction, gradient);
    }

    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), script(Margin.SCRIPT), closedForm(this::inClosedForm));
    }

    /** {@return a builder with the defaults: {@code MEAN}} */
    public static SimpleBuilder<SoftMarginLoss> builder() {
        return new SimpleBuilder<>("SoftMarginLoss", SoftMarginLoss::new);
    }
}
