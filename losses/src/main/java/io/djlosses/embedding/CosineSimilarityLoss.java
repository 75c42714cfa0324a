/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Goal;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The cosine distance: predictions should point in the direction of their targets, regardless of
 * their length.
 *
 * <p>Use it to regress embeddings, or to pull the two embeddings of a pair together; {@link
 * CosineEmbeddingLoss} also pushes dissimilar pairs apart. Each vector along the axis {@code dim}
 * contributes
 *
 * <pre>{@code
 * ℓ = 1 − cos,    cos = Σ x1 x2 / (max(‖x1‖, eps) · max(‖x2‖, eps))
 * }</pre>
 *
 * <p>As in PyTorch, the gradient treats max(‖x‖, eps) as ‖x‖, and the gradient of ‖x‖ is 0 at 0.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(N, D)]}, the targets x2; any shape with the axis {@code dim}
 *   <li>{@code predictions: [(N, D)]}, x1, with the shape of the label. Or x1 and x2, which then
 *       both receive a gradient; labels are ignored and may be absent
 *   <li>{@code out: ()}, or the shape without the axis {@code dim} with {@code NONE}; {@code MEAN}
 *       divides by the number of vectors
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = Losses.cosineSimilarityLoss();
 * NDArray value = loss.evaluate(new NDList(target), new NDList(embedding));
 * NDArray siamese = loss.evaluate(new NDList(), new NDList(embedding1, embedding2));
 * }</pre>
 *
 * <p>Equivalent to {@code 1 - torch.nn.CosineSimilarity(dim, eps)(x1, x2)}, reduced. The
 * corresponding loss of Keras is −cos. Shapes are never broadcast.
 *
 * @see CosineSimilarity
 */
public final class CosineSimilarityLoss extends AbstractLoss {

    private static final Script OF_TWO =
            closedForm("x1 x2", "", CosineSimilarity.GRADIENT_OF_SECOND);

    private static final Script OF_ONE = closedForm("x1", "x2", "");

    private static Script closedForm(String predictions, String labels, String gradientOfSecond) {
        return Script.closedForm(predictions, labels, "eps=1e-8")
                .rows()
                .divisor("(torch.numel(x1) // torch.size(x1, -1))")
                .shared(
                        """
                        norm1 = torch.square(x1).sum([-1], True).sqrt_()
                        norm2 = torch.square(x2).sum([-1], True).sqrt_()
                        length1 = torch.clamp(norm1, min=eps)
                        length2 = torch.clamp(norm2, min=eps)
                        cosine = (x1 * x2).sum([-1], True).div_(length1).div_(length2)
                        """)
                .gradient(
                        """
                        slope = torch.full_like(cosine, -1)
                        norm1.add_(torch.eq(norm1, 0))
                        norm2.add_(torch.eq(norm2, 0))
                        """
                                + CosineSimilarity.GRADIENT_OF_FIRST
                                + gradientOfSecond)
                .value("(1 - cosine).sum()")
                .least(Thresholds.ALWAYS)
                .build();
    }

    private final CosineSimilarity similarity;

    private CosineSimilarityLoss(Builder builder) {
        super(builder);
        similarity = builder.similarity.build();
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Shape shape = predictions.get(0).getShape();
        if (predictions.size() == 2) {
            Shape second = predictions.get(1).getShape();
            Checks.shape(getName(), "predictions[1]", second, shape, "match predictions[0]");
        } else {
            Checks.count(getName(), "predictions", predictions, "x1");
            Checks.count(getName(), "labels", labels, "x2");
            Shape label = labels.get(0).getShape();
            Checks.shape(getName(), "labels[0]", label, shape, "match predictions[0]");
        }
        similarity.axis(getName(), "predictions[0]", shape);
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        Shape shape = predictions.get(0).getShape();
        return Pairs.without(shape, similarity.axis(getName(), "predictions[0]", shape));
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDArray x1 = predictions.get(0);
        NDArray x2 = predictions.size() == 2 ? predictions.get(1) : Nd.cast(labels.get(0), x1);
        NDArray cosine = similarity.cosine(x1, x2);
        NDArray values = cosine.neg().add(Nd.num(cosine, 1));
        return Terms.of(values.reshape(unreducedShape(labels, predictions)));
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        NDArray x1 = predictions.get(0);
        int rank = x1.getShape().dimension();
        if (rank == 1 || similarity.axis(getName(), "predictions[0]", x1.getShape()) != rank - 1) {
            return null;
        }
        boolean isPair = predictions.size() == 2;
        NDArray x2 = isPair ? predictions.get(1) : Nd.cast(labels.get(0), x1);
        return new Reading.Call(
                isPair ? OF_TWO : OF_ONE,
                (double) x1.size() / x1.getShape().tail(),
                List.of(x1, x2),
                similarity.eps());
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), Reading.script(this::call));
    }

    /**
     * Creates a builder with the defaults: dim 1, eps 1e-8, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link CosineSimilarityLoss}. */
    public static final class Builder extends LossBuilder<CosineSimilarityLoss, Builder> {

        private final CosineSimilarity.Builder similarity = CosineSimilarity.builder();

        Builder() {
            super("CosineSimilarityLoss", CosineSimilarityLoss::new);
        }

        /**
         * Sets the axis of the components (default 1).
         *
         * @param dim the axis; −1 is the last
         * @return this {@code Builder}
         */
        public Builder optDim(int dim) {
            similarity.optDim(set("dim", dim));
            return this;
        }

        /**
         * Sets the smallest length that a vector is divided by (default 1e-8).
         *
         * @param eps a finite number, at least 0; with 0 a zero vector gives NaN
         * @return this {@code Builder}
         */
        public Builder optEps(double eps) {
            similarity.optEps(notNegative("eps", eps));
            return this;
        }
    }
}
