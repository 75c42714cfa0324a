/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.binary;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Divisor;
import io.djlosses.api.Goal;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.BinaryCrossEntropy;
import io.djlosses.internal.kernel.ClassAxis;
import io.djlosses.internal.kernel.ClassTargets;
import io.djlosses.internal.kernel.GradientHistogram;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

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
 *       or {@code (N, d1, …, dK)} of any integer or floating-point type or BOOLEAN, for more than
 *       one class, also with a class axis of size 1. A sample whose index is not a class has no
 *       positive label
 *   <li>{@code labels: [target, labelWeight]}, where the label weight has the shape of the
 *       prediction or lacks the class axis: an element counts if its weight is above 0, and is
 *       otherwise left out, even if it is NaN
 *   <li>{@code predictions: [(*)]}, any shape, or for class indices {@code (N, C)}, {@code (N, C,
 *       d1, …, dK)} or {@code (C)}
 *   <li>{@code optClassAxis} tells on which axis of the predictions the classes are, for labels
 *       that lack it: with −1 the forms are {@code (N, d1, …, dK, C)} and {@code (N, d1, …, dK)}
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

    private final ClassAxis classAxis;
    private final GradientHistogram histogram;

    private GHMCLoss(Builder builder) {
        super(builder);
        classAxis = builder.classAxis;
        histogram = new GradientHistogram(builder, LAST_EDGE);
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "predictions", predictions, "logits");
        NDArray logits = predictions.get(0);
        GradientHistogram.checkCount(getName(), labels);
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
    private boolean lacksClassAxis(Shape shape, Shape logits) {
        return !shape.equals(logits)
                && classAxis.isAxisOf(logits)
                && classAxis.isIndex(shape, logits);
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
        return histogram.weights(slope.abs(), targets.valid, targets.total, advance);
    }

    private Targets targets(NDList labels, NDArray logits) {
        Shape shape = logits.getShape();
        NDArray label = label(labels.get(0), logits);
        if (labels.size() == 1) {
            NDArray total = logits.stopGradient().onesLike().sum();
            return new Targets(logits, label, null, total);
        }
        NDArray weight = labels.get(1);
        if (lacksClassAxis(weight.getShape(), shape)) {
            weight = classAxis.unit(weight, shape).broadcast(shape);
        }
        NDArray counts = Nd.constant(weight, logits).gt(0);
        NDArray valid = Nd.cast(counts, logits);
        return new Targets(
                Nd.where(counts, logits, 0), Nd.where(counts, label, 0), valid, valid.sum());
    }

    /** Returns the label of every logit. */
    private NDArray label(NDArray label, NDArray logits) {
        return lacksClassAxis(label.getShape(), logits.getShape())
                ? oneHot(label, logits)
                : Nd.cast(label, logits).reshape(logits.getShape());
    }

    /** Returns 1 at the class of each target, or all 0 if its index is not a class. */
    private NDArray oneHot(NDArray label, NDArray logits) {
        NDArray given = classAxis.unit(label, logits.getShape());
        NDArray index = given.toType(DataType.INT64, false);
        NDArray isClass = index.eq(classAxis.numbers(logits));
        NDArray isWhole = ClassTargets.isWhole(given, index);
        return Nd.cast(isWhole == null ? isClass : isClass.logicalAnd(isWhole), logits);
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
                ? histogram.call(SCRIPT, logits, label(labels.get(0), logits))
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
    public static final class Builder extends GradientHistogram.Builder<GHMCLoss, Builder> {

        private ClassAxis classAxis = ClassAxis.DEFAULT;

        Builder() {
            super("GHMCLoss", GHMCLoss::new);
        }

        /**
         * Sets the axis of the classes (default 1: (N, C, …), as in PyTorch). Set it to −1 for (N,
         * …, C), which sequence models and DJL's own losses have.
         *
         * @param classAxis the axis; a negative number counts from the end
         * @return this {@code Builder}
         */
        public Builder optClassAxis(int classAxis) {
            this.classAxis = new ClassAxis(set("classAxis", classAxis));
            return this;
        }
    }
}
