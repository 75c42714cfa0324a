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
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, any shape, −1 or 1
 *   <li>{@code predictions: [(*)]}, same shape as the label
 *   <li>{@code out: ()}, or {@code (*)} with {@code NONE}; {@code MEAN} divides by the number of
 *       elements
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = Losses.softMarginLoss();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(scores));
 * }</pre>
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

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDArray label, NDArray prediction) {
        Checks.signs(getName(), "labels[0]", label);
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        return Margin.logistic(label, prediction);
    }

    private Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        return Margin.closedForm(label, prediction, gradient);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), script(Margin.SCRIPT), closedForm(this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: {@code MEAN}.
     *
     * @return the builder
     */
    public static SimpleBuilder<SoftMarginLoss> builder() {
        return new SimpleBuilder<>("SoftMarginLoss", SoftMarginLoss::new);
    }
}
