/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.regression;

import ai.djl.ndarray.NDArray;

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
 * <p>Shapes are those of every {@link ElementwiseLoss}.
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

    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        return prediction.sub(label).square();
    }

    private Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        NDArray error = prediction.sub(label);
        NDArray sum = Constants.sumOfSquares(error);
        return Outcome.of(sum, error.size(), gradient, 2, () -> error);
    }

    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), script(SCRIPT), closedForm(this::inClosedForm));
    }

    /** {@return a builder with the defaults: {@code MEAN}} */
    public static SimpleBuilder<MSELoss> builder() {
        return new SimpleBuilder<>("MSELoss", MSELoss::new);
    }
}
