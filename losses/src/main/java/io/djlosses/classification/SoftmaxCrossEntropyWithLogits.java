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
import io.djlosses.api.Reduction;
import io.djlosses.api.Terms;
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
 *   <li>{@code labels: [(N, C)]}; with {@code sparse}, {@code (N)} or {@code (N, 1)}: class indices
 *       of any integer or floating-point type
 *   <li>{@code predictions: [(N, C)]}: logits
 *   <li>{@code out: (N)}, or {@code ()} with a reduction; {@code MEAN} divides by N
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
 * range is an error, while there it gives a loss of 0; a probability of 0 at a logit of −∞ counts
 * 0, and NaN there.
 */
public final class SoftmaxCrossEntropyWithLogits extends AbstractLoss {

    private final boolean sparse;

    private SoftmaxCrossEntropyWithLogits(Builder builder) {
        super(builder);
        sparse = builder.sparse;
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "target");
        Checks.count(getName(), "predictions", predictions, "logits");
        NDArray label = labels.get(0);
        NDArray logits = predictions.get(0);
        Checks.rank(getName(), "predictions[0]", logits, 2, 2, "(N, C)");
        ClassAxis.check(getName(), logits, "weight", null);
        if (sparse) {
            ClassAxis.checkIndices(getName(), label, logits);
        } else {
            Checks.shape(
                    getName(),
                    "labels[0]",
                    label.getShape(),
                    logits.getShape(),
                    "match predictions[0] (for class indices build the loss with optSparse(true))");
        }
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDList labels, NDList predictions) {
        if (!sparse) {
            ClassAxis.checkProbabilities(getName(), Nd.cast(labels.get(0), predictions.get(0)));
        }
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        return ClassAxis.without(predictions.get(0).getShape());
    }

    /** {@inheritDoc} */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        return ClassAxis.masked(mask, labels, predictions, !sparse);
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDArray label = labels.get(0);
        NDArray logits = predictions.get(0);
        if (!sparse) {
            return Terms.of(CrossEntropy.of(Nd.cast(label, logits), logits));
        }
        ClassTargets targets = ClassAxis.targets(this, label, logits, null, null);
        return targets.weigh(Nd.logSoftmax(logits, targets.index()).neg());
    }

    private @Nullable Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        NDArray logits = predictions.get(0);
        return sparse
                ? null
                : CrossEntropy.inClosedForm(
                        Nd.cast(labels.get(0), logits), logits, goal.gradient());
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        NDArray label = labels.get(0);
        NDArray logits = predictions.get(0);
        return sparse
                ? CrossEntropyScript.ofIndices(
                        logits,
                        ClassAxis.indices(this, label, logits, null, null),
                        -1,
                        null,
                        0,
                        goal)
                : CrossEntropyScript.ofProbabilities(logits, Nd.cast(label, logits));
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
     * Creates a builder with the defaults: one-hot or probability labels, {@code NONE}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder().optReduction(Reduction.NONE);
    }

    /** The Builder to construct a {@link SoftmaxCrossEntropyWithLogits}. */
    public static final class Builder extends LossBuilder<SoftmaxCrossEntropyWithLogits, Builder> {

        private boolean sparse;

        Builder() {
            super("SoftmaxCrossEntropyWithLogits", SoftmaxCrossEntropyWithLogits::new);
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
    }
}
