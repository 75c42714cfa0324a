/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.classification;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.EmptyPolicy;
import io.djlosses.api.Goal;
import io.djlosses.api.Inputs;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.Reduction;
import io.djlosses.api.Terms;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.kernel.ClassAxis;
import io.djlosses.internal.kernel.ClassTargets;
import io.djlosses.internal.kernel.CrossEntropy;
import io.djlosses.internal.kernel.CrossEntropyScript;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * MindSpore's softmax cross entropy of logits, which by default is not reduced.
 *
 * <p>Use it to port MindSpore code; {@link CrossEntropyLoss} has more options and takes more
 * shapes. With {@code p = softmax(x)} each sample contributes
 *
 * <pre>{@code
 * sparse = false:  ℓ = −Σc y[c] log p[c]        y a probability for each class, or one-hot
 * sparse = true:   ℓ = −log p[y]                y class
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(N, C)]} or {@code (N, C, d1, …, dK)}; with {@code sparse}, {@code (N)} or
 *       {@code (N, d1, …, dK)}, also with a class axis of size 1: class indices of any integer or
 *       floating-point type, or BOOLEAN
 *   <li>{@code predictions: [(N, C)]} or {@code (N, C, d1, …, dK)}: logits
 *   <li>{@code optClassAxis} moves the classes to another axis of the predictions, and of labels
 *       with one number per class: with −1 the forms are {@code (N, d1, …, dK, C)} and {@code (N,
 *       d1, …, dK)}. It costs nothing if the classes are last, and a copy elsewhere
 *   <li>{@code out: (N)} or {@code (N, d1, …, dK)}, or {@code ()} with a reduction; {@code MEAN}
 *       divides by the number of samples and positions
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = SoftmaxCrossEntropyWithLogits.builder()
 *         .optSparse(true).optReduction(Reduction.MEAN).build();
 * NDArray value = loss.evaluate(new NDList(classes), new NDList(logits));
 * }</pre>
 *
 * <p>Equivalent to {@code mindspore.nn.SoftmaxCrossEntropyWithLogits(sparse, reduction)}, defaults
 * included; with {@code MEAN} to {@code torch.nn.CrossEntropyLoss()}. Differences: an index out of
 * range is an error, while there it gives a loss of 0; there are two axes at most.
 */
public final class SoftmaxCrossEntropyWithLogits extends AbstractLoss {

    private final boolean sparse;
    private final ClassAxis classAxis;

    private SoftmaxCrossEntropyWithLogits(Builder builder) {
        super(builder);
        sparse = builder.sparse;
        classAxis = builder.classAxis;
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "target");
        Checks.count(getName(), "predictions", predictions, "logits");
        NDArray label = labels.get(0);
        NDArray logits = predictions.get(0);
        Checks.rank(
                getName(), "predictions[0]", logits, 2, Integer.MAX_VALUE, "(N, C) or (N, C, …)");
        classAxis.check(getName(), logits, "weight", null);
        if (sparse) {
            classAxis.checkIndices(getName(), label, logits);
        } else {
            String why =
                    "match predictions[0] (for class indices build the loss with optSparse(true))";
            Checks.shape(getName(), "labels[0]", label.getShape(), logits.getShape(), why);
        }
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDList labels, NDList predictions) {
        if (!sparse) {
            classAxis.checkProbabilities(getName(), Nd.cast(labels.get(0), predictions.get(0)));
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
        if (!sparse) {
            return Terms.of(CrossEntropy.of(Nd.cast(label, logits), logits)).reshape(shape);
        }
        ClassTargets targets = ClassAxis.targets(this, label, logits, null, null);
        return CrossEntropy.ofIndices(targets, logits, null, 0).reshape(shape);
    }

    private @Nullable Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        Shape shape = predictions.get(0).getShape();
        if (sparse || !classAxis.keepsOrder(shape)) {
            return null;
        }
        Inputs given = classAxis.arranged(labels, predictions);
        NDArray label = given.labels().get(0);
        NDArray logits = given.predictions().get(0);
        return CrossEntropy.inClosedForm(Nd.cast(label, logits), logits, shape, goal.gradient());
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        Inputs given = classAxis.arranged(labels, predictions);
        NDArray label = given.labels().get(0);
        NDArray logits = given.predictions().get(0);
        if (!sparse) {
            return CrossEntropyScript.ofProbabilities(logits, Nd.cast(label, logits));
        }
        ClassTargets.Checked targets = ClassAxis.indices(this, label, logits, null, null);
        return CrossEntropyScript.ofIndices(logits, targets, -1, null, 0, goal);
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
     * Creates a builder with the defaults: one-hot or probability labels, {@code NONE}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link SoftmaxCrossEntropyWithLogits}. */
    public static final class Builder extends LossBuilder<SoftmaxCrossEntropyWithLogits, Builder> {

        private boolean sparse;
        private ClassAxis classAxis = ClassAxis.DEFAULT;

        Builder() {
            super("SoftmaxCrossEntropyWithLogits", SoftmaxCrossEntropyWithLogits::new);
            defaults(Reduction.NONE, EmptyPolicy.NAN);
        }

        /**
         * Sets whether labels are class indices (default false: a probability for each class).
         *
         * @param sparse whether labels are class indices
         * @return this {@code Builder}
         */
        public Builder optSparse(boolean sparse) {
            this.sparse = set("sparse", sparse);
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
