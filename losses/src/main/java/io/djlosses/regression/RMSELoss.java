/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.regression;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.Reduction;
import io.djlosses.api.SimpleBuilder;
import io.djlosses.api.Transform;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;

import java.util.List;

/**
 * The root mean squared error: an error in the unit of the labels.
 *
 * <p>Use it to read the loss in that unit. It has the same minimum as {@link MSELoss}, but its
 * gradient does not shrink on the way to the minimum. There is one number for the whole batch:
 *
 * <pre>{@code
 * ℓ = √(Σ (x − y)² / n)        x prediction, y label
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, any shape
 *   <li>{@code predictions: [(*)]}, same shape as the label
 *   <li>{@code out: ()}
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>The root has no value per element, so {@code MEAN} is the only reduction and {@code build}
 * rejects all others. {@code fraction} and accumulators keep Σ (x − y)² and n: the value over an
 * epoch is the root of the mean over all its elements, not a mean of roots.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = Losses.rmseLoss();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(prediction));
 * }</pre>
 *
 * <p>Equivalent to {@code mindspore.nn.RMSELoss()}, in PyTorch to {@code torch.sqrt(mse_loss(x,
 * y))}. Difference: the gradient of a perfect prediction is 0, and NaN there. Shapes are never
 * broadcast: a mismatch is an error.
 */
public final class RMSELoss extends ElementwiseLoss {

    /**
     * The root of the mean, or the sum of squares. The gradient of √0 would be infinite; that of
     * the square is 0.
     */
    private static final Script SCRIPT =
            Script.of(
                    "x",
                    "y",
                    "",
                    """
                    square = torch.mse_loss(x, y, reduction)
                    return torch.sqrt(square) if mean and float(square) != 0. else square
                    """);

    private RMSELoss(SimpleBuilder<RMSELoss> builder) {
        super(builder);
        require(
                getReduction() == Reduction.MEAN,
                "reduction",
                "be MEAN, because a root of a mean has no value per element",
                getReduction());
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
    protected Transform transform() {
        return Transform.SQUARE_ROOT;
    }

    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), script(SCRIPT), closedForm(this::inClosedForm));
    }

    /**
     * Creates a builder.
     *
     * @return the builder
     */
    public static SimpleBuilder<RMSELoss> builder() {
        return new SimpleBuilder<>("RMSELoss", RMSELoss::new);
    }
}
