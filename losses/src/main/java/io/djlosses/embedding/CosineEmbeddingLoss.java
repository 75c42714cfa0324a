/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Goal;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The cosine embedding loss: the embeddings of a similar pair should point in the same direction,
 * and the cosine of a dissimilar pair should be at most a margin.
 *
 * <p>Use it to learn embeddings from pairs labeled as similar or dissimilar. Each pair contributes
 *
 * <pre>{@code
 * ℓ = 1 − cos                if y = 1
 *     max(0, cos − margin)   if y = −1
 *
 * cos = x1·x2 / √((‖x1‖² + 10⁻¹²) (‖x2‖² + 10⁻¹²))
 * }</pre>
 *
 * <p>At cos = margin the gradient is that of a larger cosine. A zero vector has cosine 0, but a
 * large gradient.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(N)]}, also (N, 1): −1 or 1, of any numeric type; {@code ()} for a single
 *       pair
 *   <li>{@code predictions: [(N, D), (N, D)]}, the embeddings x1 and x2; or {@code (D)} each for a
 *       single pair
 *   <li>{@code out: ()}, or {@code (N)} with {@code NONE}; {@code MEAN} divides by N
 * </ul>
 *
 * <p>A label other than −1 and 1 gives 0, as in PyTorch; strict validation rejects it.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = CosineEmbeddingLoss.builder().optMargin(0.5).build();
 * NDArray value = loss.evaluate(new NDList(similar), new NDList(embedding1, embedding2));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.CosineEmbeddingLoss(margin, reduction=…)} and {@code
 * mindspore.nn.CosineEmbeddingLoss}, which adds nothing to the squared norms, so a zero vector
 * gives NaN there. Shapes are never broadcast, as axes of size 1 are in PyTorch: a single label for
 * N pairs is rather one that lost its axis. Embeddings have at least one component; PyTorch takes
 * those of size 0, whose cosine is 0.
 */
public final class CosineEmbeddingLoss extends AbstractLoss {

    /** A float, as in PyTorch, because that affects the gradient at a zero vector. */
    private static final double EPS = 1e-12f;

    private static final Script SCRIPT =
            Script.closedForm("x1 x2", "y", "margin=0 eps=" + EPS)
                    .rows()
                    .shared(
                            """
                            length1 = torch.square(x1).sum([-1], True).add_(eps).sqrt_()
                            length2 = torch.square(x2).sum([-1], True).add_(eps).sqrt_()
                            cosine = (x1 * x2).sum([-1], True).div_(length1).div_(length2)
                            excess = cosine - margin
                            zero = torch.zeros_like(cosine)
                            norm1 = length1
                            norm2 = length2
                            """)
                    .gradient(
                            """
                            active = torch.lt(excess, 0).logical_not().type_as(x1)
                            slope = torch.where(y == -1, active, torch.where(y == 1, zero - 1, zero))
                            """
                                    + CosineSimilarity.GRADIENT_OF_FIRST
                                    + CosineSimilarity.GRADIENT_OF_SECOND)
                    .value(
                            """
                            (torch.where(y == 1, 1 - cosine, zero)
                                + torch.where(y == -1, excess.clamp_(min=0), zero)).sum()\
                            """)
                    .least(Thresholds.ALWAYS)
                    .build();

    private final double margin;

    private CosineEmbeddingLoss(Builder builder) {
        super(builder);
        margin = builder.margin;
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "y");
        Checks.count(getName(), "predictions", predictions, "x1", "x2");
        Pairs.checkEmbeddings(getName(), predictions, 1, 2, "(N, D) or (D)");
        Shape given = labels.get(0).getShape();
        Shape required = unreducedShape(labels, predictions);
        if (!given.equals(required.add(1))) {
            Checks.shape(getName(), "labels[0]", given, required, "match the predictions");
        }
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDList labels, NDList predictions) {
        Checks.signs(getName(), "labels[0]", labels.get(0));
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        Shape shape = predictions.get(0).getShape();
        return Pairs.without(shape, shape.dimension() - 1);
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDArray x1 = predictions.get(0);
        NDArray x2 = predictions.get(1);
        // √a √b, because √(a b) would overflow long before the vectors do.
        NDArray cosine =
                Pairs.dot(x1, x2, -1)
                        .div(length(Pairs.dot(x1, x1, -1)))
                        .div(length(Pairs.dot(x2, x2, -1))); // [N, 1]
        NDArray values = values(labels.get(0), cosine);
        return Terms.of(values.reshape(unreducedShape(labels, predictions)));
    }

    private NDArray values(NDArray y, NDArray cosine) {
        NDArray label = like(cosine, y);
        NDArray similar = cosine.neg().add(Nd.num(cosine, 1));
        NDArray dissimilar = Nd.clampMin0(cosine.sub(Nd.num(cosine, margin)));
        return Nd.where(label.eq(1), similar, 0).add(Nd.where(label.eq(-1), dissimilar, 0));
    }

    private static NDArray like(NDArray cosine, NDArray y) {
        return Nd.cast(y, cosine).reshape(cosine.getShape());
    }

    private static NDArray length(NDArray square) {
        return square.add(Nd.num(square, EPS)).sqrt();
    }

    private Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        NDArray x1 = predictions.get(0);
        NDArray x2 = predictions.get(1);
        NDArray length1 = length(Constants.dotOfConstants(x1, x1)); // [N, 1]
        NDArray length2 = length(Constants.dotOfConstants(x2, x2));
        NDArray cosine = Constants.dotOfConstants(x1, x2).div(length1).div(length2);
        NDArray sum = Sums.sumOfConstant(values(labels.get(0), cosine));
        long divisor = cosine.size();
        if (!goal.gradient()) {
            return Outcome.of(sum, divisor);
        }
        NDArray label = like(cosine, labels.get(0));
        NDArray active = Nd.cast(cosine.sub(Nd.num(cosine, margin)).lt(0).logicalNot(), cosine);
        NDArray slope = Nd.where(label.eq(-1), active, 0).sub(Nd.cast(label.eq(1), cosine));
        NDArray across = slope.div(length1).div(length2);
        NDArray along = slope.mul(cosine).neg();
        return Outcome.of(
                sum,
                divisor,
                1,
                sum(x2, across, x1, along.div(length1).div(length1)),
                sum(x1, across, x2, along.div(length2).div(length2)));
    }

    private static NDArray sum(NDArray a, NDArray ofA, NDArray b, NDArray ofB) {
        try (NDArray second = b.mul(ofB)) {
            return a.mul(ofA).addi(second);
        }
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        NDArray x1 = predictions.get(0);
        if (x1.getShape().dimension() == 1) {
            return null;
        }
        NDArray label = Nd.cast(labels.get(0), x1).reshape(-1, 1);
        List<NDArray> arrays = List.of(x1, predictions.get(1), label);
        return new Reading.Call(SCRIPT, label.size(), arrays, margin, EPS);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(
                Reading.graph(),
                Reading.script(this::call),
                Reading.closedForm(this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: margin 0, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link CosineEmbeddingLoss}. */
    public static final class Builder extends LossBuilder<CosineEmbeddingLoss, Builder> {

        private double margin;

        Builder() {
            super("CosineEmbeddingLoss", CosineEmbeddingLoss::new);
        }

        /**
         * Sets the margin: the cosine up to which the loss of a dissimilar pair is 0 (default 0;
         * PyTorch suggests 0 to 0.5).
         *
         * @param margin a finite number, usually in [−1, 1]
         * @return this {@code Builder}
         */
        public Builder optMargin(double margin) {
            this.margin = finite("margin", margin);
            return this;
        }
    }
}
