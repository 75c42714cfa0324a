/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.binary;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Divisor;
import io.djlosses.api.EmptyPolicy;
import io.djlosses.api.Goal;
import io.djlosses.api.Inputs;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Masks;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.Reduction;
import io.djlosses.api.Terms;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.BinaryCrossEntropy;
import io.djlosses.internal.kernel.ClassAxis;
import io.djlosses.internal.kernel.GradientHistogram;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;

/**
 * The classification loss of the gradient harmonizing mechanism (GHM): a binary cross entropy of
 * logits in which gradients of every size have the same total weight.
 *
 * <p>Use it for detection and other tasks with many easy negatives and some extreme outliers. An
 * element is weighted by the inverse of the number of elements whose gradient has a similar size;
 * see {@link GradientHistogram}. Each element contributes
 *
 * <pre>{@code
 * ℓ = λ β(g) BCEWithLogits(x, y)        x logit, y label, λ lossWeight
 * g = |σ(x) − y|                        the size of the gradient
 * β(g) = T / (R(g) n)                   R(g) elements in the bin of g, n bins that are not empty,
 *                                       T elements
 * }</pre>
 *
 * <p>{@code β} is a constant: no gradient flows through it.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, the shape of the prediction, in [0, 1]; or class indices {@code (N)}
 *       or {@code (N, d1, …, dK)} of any integer or floating-point type, for more than one class. A
 *       sample whose index is not a class has no positive label
 *   <li>{@code labels: [target, labelWeight]}, where the label weight has the shape of the
 *       prediction or lacks the class axis: an element counts if its weight is above 0, and is
 *       otherwise left out, even if it is NaN
 *   <li>{@code predictions: [(*)]}, any shape, or for class indices {@code (N, C)}, {@code (N, C,
 *       d1, …, dK)} or {@code (C)}
 *   <li>{@code out: ()}, or the shape of the prediction with {@code NONE}
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>{@code MEAN} divides by {@code T}, the number of elements that count, and is the published
 * loss; {@code SUM} and {@code NONE} do not divide. If no element counts, the mean is 0, as
 * published; {@code optEmptyPolicy} changes that. The weights depend on the whole batch, so parts
 * of a batch merge only as the average of their losses.
 *
 * <h2>State</h2>
 *
 * <p>With {@code momentum} the counts of the bins are smoothed over batches. {@code evaluate} and
 * {@code fraction} update them; {@code value} and accumulators use them without changing them. See
 * {@link #histogram}.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = GHMCLoss.builder().optBins(30).optMomentum(0.75).build();
 * NDArray value = loss.evaluate(new NDList(classes, labelWeight), new NDList(logits));
 * }</pre>
 *
 * <p>Equivalent to mmdetection's {@code GHMC(bins, momentum, loss_weight)}, which also always
 * applies the sigmoid. Differences: the reductions, and a label weight that hides NaN.
 *
 * @see <a href="https://arxiv.org/abs/1811.05181">Li et al. 2019, Gradient Harmonized Single-stage
 *     Detector</a>
 */
public final class GHMCLoss extends AbstractLoss {

    private static final double LAST_EDGE = 1 + 1e-6;

    private static final String NUMBERS = "bins=10 lastEdge=" + LAST_EDGE + " lossWeight=1";

    private static final Script SCRIPT =
            GradientHistogram.script(
                    "torch.sigmoid(x, out=d).sub_(y)",
                    BinaryCrossEntropy.OF_LOGITS,
                    NUMBERS,
                    GradientHistogram.small(
                            "d = torch.sigmoid(x).sub_(y)",
                            "return torch.binary_cross_entropy_with_logits(prediction, y, h, None,"
                                    + " reduction)",
                            NUMBERS));

    private final double lossWeight;
    private final GradientHistogram histogram;

    private GHMCLoss(Builder builder) {
        super(builder);
        lossWeight = builder.lossWeight;
        histogram = new GradientHistogram(builder.bins, LAST_EDGE, builder.momentum);
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "predictions", predictions, "logits");
        NDArray logits = predictions.get(0);
        if (labels.size() != 1 && labels.size() != 2) {
            throw Checks.failure(
                    getName(),
                    "labels",
                    "hold [target] or [target, labelWeight]",
                    labels.size() + " arrays");
        }
        if (labels.size() == 2) {
            Shape weight = labels.get(1).getShape();
            Shape shape = logits.getShape();
            if (!lacksClassAxis(weight, shape)) {
                Checks.shape(getName(), "labels[1]", weight, shape, "match predictions[0]");
            }
        }
        NDArray label = labels.get(0);
        if (lacksClassAxis(label.getShape(), logits.getShape())) {
            Checks.index(getName(), "labels[0]", label);
        } else {
            Checks.sameElements(getName(), label, logits);
        }
    }

    /** Returns whether a shape is that of class indices. */
    private static boolean lacksClassAxis(Shape shape, Shape logits) {
        return !logits.isScalar()
                && logits.get(Math.min(1, logits.dimension() - 1)) > 1
                && shape.equals(ClassAxis.without(logits));
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDList labels, NDList predictions) {
        if (!lacksClassAxis(labels.get(0).getShape(), predictions.get(0).getShape())) {
            Checks.unitInterval(getName(), "labels[0]", labels.get(0));
        }
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        return predictions.get(0).getShape();
    }

    /** Leaves out what is hidden as a label weight does: it counts in no bin. */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        NDArray logits = predictions.get(0);
        NDArray label = labels.get(0);
        if (!lacksClassAxis(label.getShape(), logits.getShape())) {
            label = Masks.shown(mask, label(label, logits), 0);
        }
        NDArray weight =
                labels.size() == 1
                        ? logits.stopGradient().onesLike()
                        : weight(labels.get(1), logits);
        return new Inputs(
                new NDList(label, Masks.shown(mask, weight, 0)),
                new NDList(Masks.shown(mask, logits, 0)));
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        Targets targets = targets(labels, predictions.get(0));
        NDArray x = targets.logits;
        NDArray y = targets.label;
        NDArray slope = Nd.sigmoid(x.stopGradient()).sub(y.stopGradient());
        NDArray entropy = Nd.complement(y).mul(x).add(Nd.softplus(x.neg()));
        Terms terms = Terms.of(entropy.mul(weights(targets, slope, goal.gradient())));
        return targets.valid == null ? terms : terms.withShares(targets.valid, targets.divisor());
    }

    private Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        Targets targets = targets(labels, predictions.get(0));
        NDArray x = targets.logits;
        NDArray slope = Nd.sigmoid(x).subi(targets.label);
        NDArray weights = weights(targets, slope, goal.gradient());
        NDArray entropy = BinaryCrossEntropy.ofLogits(targets.label, x, null);
        NDArray sum = Sums.sumOfConstant(entropy.muli(weights));
        return Outcome.of(sum, targets.divisor(), goal.gradient(), 1, () -> slope.muli(weights));
    }

    /** Returns λ β(g). */
    private NDArray weights(Targets targets, NDArray slope, boolean advance) {
        NDArray total = targets.total.maximum(Nd.num(slope, 1));
        NDArray weights = histogram.weights(slope.abs(), targets.valid, total, advance);
        return lossWeight == 1 ? weights : weights.mul(Nd.num(weights, lossWeight));
    }

    private static Targets targets(NDList labels, NDArray logits) {
        NDArray label = label(labels.get(0), logits);
        if (labels.size() == 1) {
            NDArray total = logits.stopGradient().onesLike().sum();
            return new Targets(logits, label, null, total);
        }
        NDArray counts = Nd.constant(weight(labels.get(1), logits), logits).gt(0);
        NDArray valid = Nd.cast(counts, logits);
        return new Targets(
                Nd.where(counts, logits, 0), Nd.where(counts, label, 0), valid, valid.sum());
    }

    /** Returns the weight of every logit. */
    private static NDArray weight(NDArray weight, NDArray logits) {
        Shape shape = logits.getShape();
        return lacksClassAxis(weight.getShape(), shape)
                ? weight.expandDims(ClassAxis.of(logits)).broadcast(shape)
                : weight;
    }

    /** Returns the label of every logit. */
    private static NDArray label(NDArray label, NDArray logits) {
        return lacksClassAxis(label.getShape(), logits.getShape())
                ? oneHot(label, logits)
                : Nd.cast(label, logits).reshape(logits.getShape());
    }

    /** Returns 1 at the class of each target, or all 0 if its index is not a class. */
    private static NDArray oneHot(NDArray label, NDArray logits) {
        int axis = ClassAxis.of(logits);
        long[] sizes = new long[logits.getShape().dimension()];
        Arrays.fill(sizes, 1);
        sizes[axis] = logits.getShape().get(axis);
        NDArray classes =
                logits.getManager()
                        .arange(0, (int) sizes[axis], 1, DataType.INT64)
                        .reshape(new Shape(sizes));
        NDArray index = label.toType(DataType.INT64, false).expandDims(axis);
        return Nd.cast(index.eq(classes), logits);
    }

    /** Logits and labels, 0 where they do not count, and the number of those that count. */
    private record Targets(NDArray logits, NDArray label, @Nullable NDArray valid, NDArray total) {

        Divisor divisor() {
            return valid == null ? Divisor.of(logits.size()) : Divisor.of(total);
        }
    }

    /**
     * Returns the histogram, whose smoothed counts are the state of a loss with momentum.
     *
     * @return the histogram
     */
    public GradientHistogram histogram() {
        return histogram;
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        NDArray logits = predictions.get(0);
        return labels.size() == 1 && histogram.isScripted(logits)
                ? histogram.call(SCRIPT, logits, label(labels.get(0), logits), lossWeight)
                : null;
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
     * Creates a builder with the defaults: 10 bins, no momentum, lossWeight 1, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link GHMCLoss}. */
    public static final class Builder extends LossBuilder<GHMCLoss, Builder> {

        private int bins = 10;
        private double momentum;
        private double lossWeight = 1;

        Builder() {
            super("GHMCLoss", GHMCLoss::new);
            defaults(Reduction.MEAN, EmptyPolicy.ZERO);
        }

        /**
         * Sets the number of bins for the sizes of gradients (default 10).
         *
         * @param bins a number of at least 1
         * @return this {@code Builder}
         */
        public Builder optBins(int bins) {
            this.bins = set("bins", GradientHistogram.checkBins(name, bins));
            return this;
        }

        /**
         * Sets the share of earlier batches in the smoothed count of a bin (default 0).
         *
         * @param momentum a number in [0, 1)
         * @return this {@code Builder}
         */
        public Builder optMomentum(double momentum) {
            this.momentum = set("momentum", GradientHistogram.checkMomentum(name, momentum));
            return this;
        }

        /**
         * Sets a factor on the loss (default 1).
         *
         * @param lossWeight a non-negative number
         * @return this {@code Builder}
         */
        public Builder optLossWeight(double lossWeight) {
            this.lossWeight = notNegative("lossWeight", lossWeight);
            return this;
        }
    }
}
