/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.embedding;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Checks;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Looks;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import java.util.List;

/**
 * The hinge loss of distances: the embeddings of similar pairs should be close, those of dissimilar
 * pairs at least a margin apart.
 *
 * <p>Use it on distances that the model has computed, for example with {@link PairwiseDistance}, to
 * learn an embedding from pairs. Each element contributes
 *
 * <pre>{@code
 * ℓ = x                     if y = 1
 *     max(0, margin − x)    if y = −1
 *
 * x distance, y = 1 for a similar pair, −1 for a dissimilar one
 * }</pre>
 *
 * <p>At x = margin the gradient is that of x below the margin. A negative x with y = 1 gives a
 * negative loss.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, −1 or 1, of any numeric type
 *   <li>{@code predictions: [(*)]}, same shape as the label
 *   <li>{@code out: ()}, or {@code (*)} with {@code NONE}; {@code MEAN} divides by the number of
 *       elements
 * </ul>
 *
 * <p>A label other than −1 and 1 gives the sum of both terms, as in PyTorch; strict validation
 * rejects it.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = HingeEmbeddingLoss.builder().optMargin(2).build();
 * NDArray value = loss.evaluate(new NDList(similar), new NDList(distances));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.HingeEmbeddingLoss(margin, reduction=…)} and {@code
 * mindspore.nn.HingeEmbeddingLoss}. Unlike there, shapes are never broadcast: a mismatch is an
 * error.
 *
 * @see <a href="https://doi.org/10.1109/CVPR.2006.100">Hadsell et al. 2006, Dimensionality
 *     Reduction by Learning an Invariant Mapping</a>
 */
public final class HingeEmbeddingLoss extends ElementwiseLoss {

    private static final Script SCRIPT =
            Script.closedForm("x", "y", "margin=1")
                    .shared(
                            """
                            similar = torch.clone(y).ne_(-1)
                            dissimilar = torch.clone(y).ne_(1)
                            shortfall = margin - x
                            """)
                    .gradient(
                            """
                            active = torch.threshold_backward(dissimilar, shortfall, -1e-45)
                            torch.sub(similar, active, out=dx)
                            """)
                    .value(
                            """
                            (torch.threshold_backward(x, similar, 0).sum()
                                    + torch.threshold_backward(shortfall.clamp_(min=0), dissimilar, 0).sum())
                            """
                                    .strip())
                    .small("return torch.hinge_embedding_loss(x, y, margin, reduction)")
                    .build();

    private final double margin;

    private HingeEmbeddingLoss(Builder builder) {
        super(builder);
        margin = builder.margin;
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDArray label, NDArray prediction) {
        Checks.signs(getName(), "labels[0]", label);
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        NDArray similar = Nd.where(label.neq(-1), prediction, 0);
        NDArray dissimilar = Nd.where(label.neq(1), Nd.clampMin0(shortfall(prediction)), 0);
        return similar.add(dissimilar);
    }

    private NDArray shortfall(NDArray prediction) {
        return prediction.neg().add(Nd.num(prediction, margin));
    }

    private Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        NDArray similar = Nd.cast(label.neq(-1), prediction);
        NDArray dissimilar = Nd.cast(label.neq(1), prediction);
        NDArray shortfall = shortfall(prediction);
        // 1 where the hinge is active, which includes NaN.
        NDArray active = Constants.lt(shortfall, 0);
        active.subi(Nd.num(active, 1)).negi().muli(dissimilar);
        NDArray sum = Sums.sumOfConstant(shortfall.muli(active).addi(similar.mul(prediction)));
        if (!Looks.isKnownFinite(sum)) {
            // An infinite value that a mask should hide makes a product NaN.
            sum = Sums.sumOfConstant(unreduced(label, prediction));
        }
        return Outcome.of(sum, prediction.size(), gradient, 1, () -> similar.subi(active));
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), script(SCRIPT, margin), closedForm(this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: margin 1, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link HingeEmbeddingLoss}. */
    public static final class Builder extends LossBuilder<HingeEmbeddingLoss, Builder> {

        private double margin = 1;

        Builder() {
            super("HingeEmbeddingLoss", HingeEmbeddingLoss::new);
        }

        /**
         * Sets the margin: the distance from which the loss of a dissimilar pair is 0 (default 1).
         *
         * @param margin a finite number
         * @return this {@code Builder}
         */
        public Builder optMargin(double margin) {
            this.margin = finite("margin", margin);
            return this;
        }
    }
}
