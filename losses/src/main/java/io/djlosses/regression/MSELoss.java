/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.regression;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Divisor;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.SimpleBuilder;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;

import java.util.List;

/**
 * The squared error: the maximum-likelihood loss for Gaussian noise of constant variance.
 *
 * <p>It is the default choice for regression; if outliers dominate, see {@link HuberLoss}. Each
 * element contributes
 *
 * <pre>{@code
 * ℓ = (x − y)²        x prediction, y label
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, any shape
 *   <li>{@code predictions: [(*)]}, same shape as the label
 *   <li>{@code out: ()}, or {@code (*)} with {@code NONE}; {@code MEAN} divides by the number of
 *       elements
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = Losses.mseLoss();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(prediction));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.MSELoss(reduction=…)} and {@code mindspore.nn.MSELoss}; with
 * {@code optSampleWeighting(MEAN_BY_WEIGHT)} to {@code torch.nn.functional.mse_loss(weight=…)}.
 * Unlike there, shapes are never broadcast: a mismatch is an error. DJL's and Gluon's {@code
 * L2Loss} is half of this.
 */
public final class MSELoss extends ElementwiseLoss {

    private static final Script SCRIPT =
            Script.of("x", "y", "", "return torch.mse_loss(x, y, reduction)");

    private MSELoss(SimpleBuilder<MSELoss> builder) {
        super(builder);
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        return prediction.sub(label).square();
    }

    private Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        NDArray error = prediction.sub(label);
        NDArray sum = Constants.sumOfSquares(error);
        return Outcome.of(sum, Divisor.of(error.size()), gradient, 2, () -> error);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), script(SCRIPT), closedForm(this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: {@code MEAN}.
     *
     * @return the builder
     */
    public static SimpleBuilder<MSELoss> builder() {
        return new SimpleBuilder<>("MSELoss", MSELoss::new);
    }
}
