/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.ranking;

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
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The margin ranking loss: of two scores, the one that the label names should exceed the other by a
 * margin.
 *
 * <p>Use it to learn an order from pairwise comparisons, such as which of two documents answers a
 * query better. Each pair contributes
 *
 * <pre>{@code
 * ℓ = max(0, −y (x1 − x2) + margin)
 *
 * x1, x2 scores, y = 1 if x1 should rank higher, −1 if x2 should
 * }</pre>
 *
 * <p>Where −y (x1 − x2) + margin is exactly 0, the gradient is that of the positive side.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, −1 or 1, of any numeric type
 *   <li>{@code predictions: [(*), (*)]}, the scores x1 and x2. The three shapes have equal rank,
 *       and axes of size 1 are broadcast; a label may also have more or fewer axes of size 1 than
 *       two scores of one shape
 *   <li>{@code out: ()}, or the broadcast shape with {@code NONE}; {@code MEAN} divides by the
 *       number of elements of that shape
 * </ul>
 *
 * <p>A label other than −1 and 1 scales the difference, as in PyTorch; strict validation rejects
 * it.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = MarginRankingLoss.builder().optMargin(0.5).build();
 * NDArray value = loss.evaluate(new NDList(order), new NDList(scores1, scores2));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.MarginRankingLoss(margin, reduction=…)} and {@code
 * mindspore.nn.MarginRankingLoss}, which does not broadcast.
 */
public final class MarginRankingLoss extends AbstractLoss {

    private static final Script KERNEL =
            Script.of(
                    "x1 x2",
                    "y",
                    "margin=0",
                    "return torch.margin_ranking_loss(x1, x2, y, margin, reduction)");

    private static final Script SCRIPT =
            Script.closedForm("x1 x2", "y", "margin=0")
                    .shared(
                            """
                            one = torch.full([], margin, dtype=y.dtype)
                            excess = torch.addcmul(one, x2 - x1, y)
                            """)
                    // 0 times an infinite label is NaN.
                    .gradient(
                            """
                            torch.threshold_backward(y, excess, -1e-45, grad_input=dx2)
                            dx2.add_(y, alpha=0)
                            torch.neg(dx2, out=dx1)
                            """)
                    .value("excess.clamp_(min=0).sum()")
                    .small(KERNEL)
                    .build();

    private final double margin;

    private MarginRankingLoss(Builder builder) {
        super(builder);
        margin = builder.margin;
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "y");
        Checks.count(getName(), "predictions", predictions, "x1", "x2");
        unreducedShape(labels, predictions);
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDList labels, NDList predictions) {
        Checks.signs(getName(), "labels[0]", labels.get(0));
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        Shape x1 = predictions.get(0).getShape();
        Shape x2 = predictions.get(1).getShape();
        Shape y = labels.get(0).getShape();
        // A label with other axes of size 1 than scores of one shape is that of these scores.
        boolean isOfScores = x1.equals(x2) && Checks.hasSameElements(y, x1);
        return Checks.broadcast(
                getName(),
                "predictions[0], predictions[1] and labels[0]",
                x1,
                x2,
                isOfScores && y.dimension() != x1.dimension() ? x1 : y);
    }

    private static NDArray label(NDList labels, NDArray x1) {
        NDArray label = Nd.cast(labels.get(0), x1);
        Shape shape = x1.getShape();
        return label.getShape().dimension() == shape.dimension() ? label : label.reshape(shape);
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDArray x1 = predictions.get(0);
        return Terms.of(Nd.clampMin0(excess(label(labels, x1), x1, predictions.get(1))));
    }

    private NDArray excess(NDArray label, NDArray x1, NDArray x2) {
        NDArray difference = label.neg().mul(x1.sub(x2));
        return difference.add(Nd.num(difference, margin));
    }

    private @Nullable Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        NDArray x1 = predictions.get(0);
        NDArray x2 = predictions.get(1);
        NDArray label = label(labels, x1);
        if (isBroadcast(x1, x2, label)) {
            return null; // the gradient of a broadcast array is a sum
        }
        NDArray excess = x2.sub(x1).muli(label).addi(Nd.num(label, margin));
        NDArray sum;
        try (NDArray hinges = excess.maximum(Nd.num(excess, 0))) {
            sum = Sums.sumOfConstant(hinges);
        }
        long divisor = excess.size();
        if (!goal.gradient()) {
            return Outcome.of(sum, divisor);
        }
        // −1 where the hinge is active, which includes NaN.
        NDArray active = Constants.lt(excess, 0);
        NDArray gradient1 = active.subi(Nd.num(active, 1)).muli(label);
        return Outcome.of(sum, divisor, 1, gradient1, gradient1.neg());
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        NDArray x1 = predictions.get(0);
        NDArray x2 = predictions.get(1);
        NDArray label = label(labels, x1);
        return new Reading.Call(
                isBroadcast(x1, x2, label) ? KERNEL : SCRIPT,
                unreducedShape(labels, predictions).size(),
                List.of(x1, x2, label),
                margin);
    }

    private static boolean isBroadcast(NDArray x1, NDArray x2, NDArray label) {
        Shape shape = x1.getShape();
        return !shape.equals(x2.getShape()) || !shape.equals(label.getShape());
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

    /** The Builder to construct a {@link MarginRankingLoss}. */
    public static final class Builder extends LossBuilder<MarginRankingLoss, Builder> {

        private double margin;

        Builder() {
            super("MarginRankingLoss", MarginRankingLoss::new);
        }

        /**
         * Sets the margin by which one score should exceed the other (default 0).
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
