/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.regression;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Divisor;
import io.djlosses.api.Goal;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.GradientHistogram;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The regression loss of the gradient harmonizing mechanism (GHM): a smooth absolute error in which
 * gradients of every size have the same total weight.
 *
 * <p>Use it for box regression with many near-perfect boxes and some outliers. An element is
 * weighted by the inverse of the number of elements whose gradient has a similar size; see {@link
 * GradientHistogram}. With {@code d = x − y}, each element contributes
 *
 * <pre>{@code
 * ℓ = λ β(g) (√(d² + μ²) − μ)        x prediction, y label, λ lossWeight
 * g = |d| / √(d² + μ²)               the size of the gradient
 * β(g) = T / (R(g) n)                R(g) elements in the bin of g, n bins that are not empty
 * T = max(1, Σ label weights)        without label weights, the number of elements
 * }</pre>
 *
 * <p>{@code β} is a constant: no gradient flows through it. The root is computed as {@code d² /
 * (√(d² + μ²) + μ)}, which keeps all digits for small errors.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, any shape, or {@code [(*), (*)]} with a label weight: an element
 *       counts if its weight is above 0, and is otherwise left out, even if it is NaN
 *   <li>{@code predictions: [(*)]}, same shape as the label
 *   <li>{@code out: ()}, or {@code (*)} with {@code NONE}
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>{@code MEAN} divides by {@code T} and is the published loss; {@code SUM} and {@code NONE} do
 * not divide. If no element counts, the mean is 0, as published; {@code optEmptyPolicy} changes
 * that. The weights depend on the whole batch, so parts of a batch merge only as the average of
 * their losses.
 *
 * <h2>State</h2>
 *
 * <p>With {@code momentum} the counts of the bins are smoothed over batches in Java, so each
 * evaluation waits for the device. {@code evaluate} and {@code fraction} update them; {@code value}
 * and accumulators use them without changing them. See {@link #histogram}.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = GHMRLoss.builder().optMomentum(0.7).build();
 * NDArray value = loss.evaluate(new NDList(boxes, labelWeight), new NDList(prediction));
 * }</pre>
 *
 * <p>Equivalent to mmdetection's {@code GHMR(mu, bins, momentum, loss_weight)}. Differences: the
 * reductions, and a label weight that hides NaN.
 *
 * @see <a href="https://arxiv.org/abs/1811.05181">Li et al. 2019, Gradient Harmonized Single-stage
 *     Detector</a>
 */
public final class GHMRLoss extends AbstractLoss {

    private static final double LAST_EDGE = 1e3;

    private static final String NUMBERS = "bins=10 lastEdge=" + LAST_EDGE + " lossWeight=1 mu=0.02";

    private static final Script SCRIPT =
            GradientHistogram.script(
                    "torch.sub(x, y, out=d).div_(torch.square(d).add_(mu * mu).sqrt_())",
                    "torch.square(x - y).div_(torch.square(x - y).add_(mu * mu).sqrt_().add_(mu))",
                    NUMBERS,
                    GradientHistogram.small(
                            """
                            e = x - y
                            square = torch.square(e)
                            root = torch.add(square, mu * mu).sqrt_()
                            d = e.div_(root)
                            """,
                            """
                            total = square.div_(root.add_(mu)).mul_(h).sum()
                            factor = 1. / torch.numel(x) if mean else 1.
                            if not gradient:
                              return total.mul_(factor)
                            result = torch.dot(torch.flatten(prediction), torch.flatten(d.mul_(h)))
                            result.mul_(factor)
                            result.detach().copy_(total.mul_(factor))
                            return result
                            """,
                            NUMBERS));

    private final double mu;
    private final GradientHistogram histogram;

    private GHMRLoss(Builder builder) {
        super(builder);
        mu = builder.mu;
        histogram = new GradientHistogram(builder, LAST_EDGE);
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "predictions", predictions, "prediction");
        Shape shape = predictions.get(0).getShape();
        GradientHistogram.checkCount(getName(), labels);
        if (labels.size() == 2) {
            Shape weight = labels.get(1).getShape();
            Checks.shape(getName(), "labels[1]", weight, shape, "match predictions[0]");
        }
        Checks.sameElements(getName(), labels.get(0), predictions.get(0));
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        return predictions.get(0).getShape();
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        Errors errors = errors(labels, predictions.get(0));
        NDArray root = root(errors.error);
        NDArray values = smooth(errors.error, root).mul(weights(errors, root, goal.gradient()));
        return errors.labelWeight == null
                ? Terms.of(values)
                : Terms.of(values).withShares(errors.labelWeight, divisor(errors));
    }

    private Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        Errors errors = errors(labels, predictions.get(0));
        NDArray root = root(errors.error);
        NDArray weights = weights(errors, root, goal.gradient());
        NDArray sum = Sums.sumOfConstant(smooth(errors.error, root).muli(weights));
        return Outcome.of(
                sum,
                divisor(errors),
                goal.gradient(),
                1,
                () -> errors.error.div(root).muli(weights));
    }

    private NDArray root(NDArray error) {
        return error.square().add(Nd.num(error, mu * mu)).sqrt();
    }

    private NDArray smooth(NDArray error, NDArray root) {
        return error.square().div(root.add(Nd.num(root, mu)));
    }

    /** Returns λ β(g). */
    private NDArray weights(Errors errors, NDArray root, boolean advance) {
        NDArray norm = errors.error.stopGradient().abs().divi(root.stopGradient());
        return histogram.weights(norm, errors.valid, errors.total, advance);
    }

    private static Divisor divisor(Errors errors) {
        if (errors.labelWeight == null) {
            return Divisor.of(errors.error.size());
        }
        NDArray total = errors.total;
        NDArray atLeast1 = total.maximum(Nd.num(total, 1));
        return Divisor.of(atLeast1.mul(Nd.cast(total.gt(0), total)));
    }

    private static Errors errors(NDList labels, NDArray prediction) {
        NDArray label = Nd.cast(labels.get(0), prediction).reshape(prediction.getShape());
        NDArray error = prediction.sub(label);
        if (labels.size() == 1) {
            NDArray total = prediction.stopGradient().onesLike().sum();
            return new Errors(error, null, null, total);
        }
        NDArray weight = Nd.constant(labels.get(1), prediction);
        NDArray counts = weight.gt(0);
        // Not 0, whose gradient is NaN if μ² underflows.
        error = Nd.where(counts, prediction, 1).sub(Nd.where(counts, label, 0));
        return new Errors(error, weight, Nd.cast(counts, prediction), Nd.sum(weight));
    }

    /** Errors, 1 where they do not count, with their weights and total. */
    private record Errors(
            NDArray error, @Nullable NDArray labelWeight, @Nullable NDArray valid, NDArray total) {}

    /**
     * Returns the histogram, whose smoothed counts are the state of a loss with momentum.
     *
     * @return the histogram
     */
    public GradientHistogram histogram() {
        return histogram;
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        NDArray prediction = predictions.get(0);
        if (labels.size() > 1 || !histogram.isScripted(prediction)) {
            return null;
        }
        NDArray label = Nd.cast(labels.get(0), prediction).reshape(prediction.getShape());
        return histogram.call(SCRIPT, prediction, label, mu);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(
                Reading.graph(),
                Reading.script(this::call),
                Reading.closedForm(Thresholds.ALWAYS, this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: {@code μ = 0.02}, 10 bins, no momentum, lossWeight 1,
     * {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link GHMRLoss}. */
    public static final class Builder extends GradientHistogram.Builder<GHMRLoss, Builder> {

        private double mu = 0.02;

        Builder() {
            super("GHMRLoss", GHMRLoss::new);
        }

        /**
         * Sets the error around which the loss changes from quadratic to linear (default 0.02).
         *
         * @param mu a number greater than 0
         * @return this {@code Builder}
         */
        public Builder optMu(double mu) {
            this.mu = positive("mu", mu);
            return this;
        }
    }
}
