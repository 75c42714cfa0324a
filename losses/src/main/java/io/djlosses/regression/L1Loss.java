/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.regression;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.SimpleBuilder;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;

import java.util.List;

/**
 * The absolute error: robust against outliers, with a gradient of constant size.
 *
 * <p>Use it for regression if some targets may be far off; see {@link HuberLoss} and {@link
 * SmoothL1Loss} for variants that are smooth at 0. Each element contributes
 *
 * <pre>{@code
 * ℓ = |x − y|        x prediction, y label
 * }</pre>
 *
 * <p>The gradient at x = y is 0.
 *
 * <p>Shapes are those of every {@link ElementwiseLoss}.
 *
 * <p>Equivalent to {@code torch.nn.L1Loss(reduction=…)}, {@code mindspore.nn.L1Loss} and {@code
 * mindspore.nn.MAELoss}; with {@code optSampleWeighting(MEAN_BY_WEIGHT)} to {@code
 * torch.nn.functional.l1_loss(weight=…)}. Unlike there, shapes are never broadcast: a mismatch is
 * an error.
 */
public final class L1Loss extends ElementwiseLoss {

    static final Script SCRIPT =
            Script.closedForm("x", "y", "")
                    .shared("d = x - y")
                    .gradient("torch.sign(d, out=dx)")
                    .value("d.abs_().sum()")
                    .least(Thresholds.KERNEL)
                    .small(
                            Script.of("x", "y", "", "return torch.l1_loss(x, y, reduction)")
                                    .from(Thresholds.SCRIPT, null))
                    .build();

    private L1Loss(SimpleBuilder<L1Loss> builder) {
        super(builder);
    }

    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        return prediction.sub(label).abs();
    }

    private Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        NDArray error = prediction.sub(label);
        NDArray sum = Constants.sumOfAbs(error);
        return Outcome.of(sum, error.size(), gradient, 1, () -> Constants.sign(error));
    }

    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), script(SCRIPT), closedForm(this::inClosedForm));
    }

    /** {@return a builder with the defaults: {@code MEAN}} */
    public static SimpleBuilder<L1Loss> builder() {
        return new SimpleBuilder<>("L1Loss", L1Loss::new);
    }
}
