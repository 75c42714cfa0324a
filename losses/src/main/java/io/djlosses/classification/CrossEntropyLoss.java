/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.classification;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Goal;
import io.djlosses.api.Inputs;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.kernel.ClassAxis;
import io.djlosses.internal.kernel.ClassTargets;
import io.djlosses.internal.kernel.CrossEntropy;
import io.djlosses.internal.kernel.CrossEntropyScript;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The cross entropy between logits and targets, the standard loss for classification into exclusive
 * classes.
 *
 * <p>Use it wherever each sample has one class. Targets are class indices, or a probability for
 * each class. With {@code p = softmax(x)}, class weights {@code w} and label smoothing {@code ε},
 * each sample contributes
 *
 * <pre>{@code
 * indices:        ℓ = −(1 − ε) w[y] log p[y] − (ε / C) Σc w[c] log p[c],   0 if y = ignoreIndex
 * probabilities:  ℓ = −Σc w[c] ((1 − ε) y[c] + ε / C) log p[c]
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(N)]} or {@code (N, d1, …, dK)}, class indices of any integer or
 *       floating-point type or BOOLEAN (true is class 1), also with a class axis of size 1; {@code
 *       ()} for a prediction (C). Or floating-point probabilities of the shape of the prediction
 *   <li>{@code predictions: [(N, C)]}, {@code (N, C, d1, …, dK)} or {@code (C)}: logits, −∞ for a
 *       class that cannot occur
 *   <li>{@code optClassAxis} moves the classes to another axis of the predictions, and of labels
 *       with one number per class: with −1 the forms are {@code (N, d1, …, dK, C)} and {@code (N,
 *       d1, …, dK)}. It costs nothing if the classes are last, and a copy elsewhere
 *   <li>{@code out: ()}, or {@code (N, d1, …, dK)} with {@code NONE}
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>With indices, {@code MEAN} divides by the sum of {@code w[y]} over the targets that are not
 * ignored, also under label smoothing; with probabilities, by the number of samples N·d1·…·dK,
 * regardless of the weights. If all targets are ignored, or the weights sum to 0, the mean is NaN
 * with gradient zero; {@code optEmptyPolicy} changes that.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = CrossEntropyLoss.builder().optLabelSmoothing(0.1).optIgnoreIndex(-1).build();
 * NDArray value = loss.evaluate(new NDList(classes), new NDList(logits));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.CrossEntropyLoss(weight, ignore_index, reduction,
 * label_smoothing)} and {@code mindspore.nn.CrossEntropyLoss}. Differences: index targets may have
 * any numeric type, label smoothing below 0 is rejected, and an index out of range is an error on
 * every engine.
 *
 * @see <a href="https://arxiv.org/abs/1512.00567">Szegedy et al. 2015, Rethinking the Inception
 *     Architecture</a> for label smoothing
 */
public final class CrossEntropyLoss extends AbstractLoss {

    private final double @Nullable [] weight;
    private final long ignoreIndex;
    private final double labelSmoothing;
    private final ClassAxis classAxis;

    private CrossEntropyLoss(Builder builder) {
        super(builder);
        weight = builder.weight;
        ignoreIndex = builder.ignoreIndex;
        labelSmoothing = builder.labelSmoothing;
        classAxis = builder.classAxis;
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "target");
        Checks.count(getName(), "predictions", predictions, "logits");
        NDArray label = labels.get(0);
        NDArray logits = predictions.get(0);
        classAxis.check(getName(), logits, "weight", weight);
        if (label.getShape().equals(logits.getShape())) {
            if (!label.getDataType().isFloating()) {
                throw failure(
                        "labels[0] of the shape of predictions[0]",
                        "hold probabilities in a floating-point type (for class indices drop the"
                                + " class axis)",
                        label.getDataType());
            }
            require(
                    ignoreIndex < 0,
                    "ignoreIndex",
                    "be negative with probability targets, which it cannot apply to",
                    ignoreIndex);
        } else {
            classAxis.checkIndices(getName(), label, logits);
        }
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDList labels, NDList predictions) {
        NDArray label = labels.get(0);
        if (label.getShape().equals(predictions.get(0).getShape())) {
            classAxis.checkProbabilities(getName(), label);
        }
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        return classAxis.without(predictions.get(0).getShape());
    }

    /** {@inheritDoc} */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        return new Inputs(labels, classAxis.masked(mask, predictions));
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        Inputs given = classAxis.arranged(labels, predictions);
        NDArray label = given.labels().get(0);
        NDArray logits = given.predictions().get(0);
        Shape shape = unreducedShape(labels, predictions);
        if (label.getShape().equals(logits.getShape())) {
            NDArray values = CrossEntropy.of(distribution(label, logits), logits);
            return Terms.of(values).reshape(shape);
        }
        ClassTargets targets = ClassAxis.targets(this, label, logits, ignoreIndex, weight);
        return CrossEntropy.ofIndices(targets, logits, row(logits), labelSmoothing).reshape(shape);
    }

    private @Nullable Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        Shape shape = predictions.get(0).getShape();
        if (!classAxis.keepsOrder(shape)) {
            return null;
        }
        Inputs given = classAxis.arranged(labels, predictions);
        NDArray label = given.labels().get(0);
        NDArray logits = given.predictions().get(0);
        return label.getShape().equals(logits.getShape())
                ? CrossEntropy.inClosedForm(
                        distribution(label, logits), logits, shape, goal.gradient())
                : smoothed(label, logits, shape, goal.gradient());
    }

    /**
     * Returns the closed form for indices without ignored ones, with smoothed one-hot rows as
     * targets.
     */
    private @Nullable Outcome smoothed(
            NDArray label, NDArray logits, Shape shape, boolean gradient) {
        if (labelSmoothing == 0
                || weight != null
                || logits.getShape().dimension() != 2
                || Nd.isLogSoftmaxExact(logits)) {
            return null;
        }
        ClassTargets targets = ClassAxis.targets(this, label, logits, ignoreIndex, null);
        if (targets.weights() != null) {
            return null; // some are ignored
        }
        NDArray index = targets.index();
        long classes = logits.getShape().get(1);
        double all = labelSmoothing / classes;
        double own = 1 - labelSmoothing;
        NDArray prob = logits.softmax(1);
        NDArray sum = Constants.sumLogSoftmax(logits, prob, index, all, own).neg();
        long divisor = index.size();
        if (!gradient) {
            return Outcome.of(sum, divisor);
        }
        NDArray shares = Nd.oneHot(index, classes, logits).muli(Nd.num(logits, own));
        NDArray slope = prob.subi(Nd.num(prob, all)).subi(shares);
        return Outcome.of(sum, divisor, 1, slope.reshape(shape));
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        Inputs given = classAxis.arranged(labels, predictions);
        NDArray label = given.labels().get(0);
        NDArray logits = given.predictions().get(0);
        boolean isPlain = weight == null && labelSmoothing == 0;
        if (label.getShape().equals(logits.getShape())) {
            NDArray target = Nd.cast(label, logits);
            return isPlain
                    ? CrossEntropyScript.ofProbabilities(logits, target)
                    : CrossEntropyScript.ofProbabilities(logits, target, weight, labelSmoothing);
        }
        ClassTargets.Checked targets = ClassAxis.indices(this, label, logits, ignoreIndex, weight);
        return CrossEntropyScript.ofIndices(
                logits, targets, ignoreIndex, weight, labelSmoothing, goal);
    }

    /** Returns the class weights, of a shape that broadcasts to the logits. */
    private @Nullable NDArray row(NDArray logits) {
        return weight == null ? null : ClassAxis.row(weight, logits);
    }

    private NDArray distribution(NDArray label, NDArray logits) {
        return CrossEntropy.distribution(Nd.cast(label, logits), row(logits), labelSmoothing);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(
                Reading.graph(Thresholds.GRAPH_OF_CLASSES),
                Reading.script(this::call),
                Reading.closedForm(this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: no class weights, ignoreIndex −100, no label smoothing,
     * {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link CrossEntropyLoss}. */
    public static final class Builder extends LossBuilder<CrossEntropyLoss, Builder> {

        private double @Nullable [] weight;
        private long ignoreIndex = -100;
        private double labelSmoothing;
        private ClassAxis classAxis = ClassAxis.DEFAULT;

        Builder() {
            super("CrossEntropyLoss", CrossEntropyLoss::new);
        }

        /**
         * Sets the weight of each class (default 1 for all).
         *
         * @param weight one number per class, finite, and negative ones only without strict
         *     validation
         * @return this {@code Builder}
         */
        public Builder optWeight(double... weight) {
            this.weight = weights("weight", weight);
            return this;
        }

        /**
         * Sets the class index of the targets to ignore (default −100). If several are to be
         * ignored, make them one first: {@code NDArrays.where(y.gte(20), y.onesLike().mul(-100),
         * y)}.
         *
         * @param ignoreIndex any number
         * @return this {@code Builder}
         */
        public Builder optIgnoreIndex(long ignoreIndex) {
            this.ignoreIndex = set("ignoreIndex", ignoreIndex);
            return this;
        }

        /**
         * Sets the probability that is spread evenly over all classes (default 0).
         *
         * @param labelSmoothing a number in [0, 1]
         * @return this {@code Builder}
         */
        public Builder optLabelSmoothing(double labelSmoothing) {
            this.labelSmoothing = range("labelSmoothing", labelSmoothing, 0, 1);
            return this;
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
