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
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.ClassAxis;
import io.djlosses.internal.kernel.ClassTargets;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The negative log-likelihood of a class, given log-probabilities.
 *
 * <p>Use it for a network whose last layer is a log-softmax. If you can choose, use {@link
 * CrossEntropyLoss} on logits. With class weights {@code w} each sample contributes
 *
 * <pre>{@code
 * ℓ = −w[y] x[y],   0 if y = ignoreIndex        x log-probabilities, y class
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(N)]} or {@code (N, d1, …, dK)}, class indices of any integer or
 *       floating-point type or BOOLEAN (true is class 1), also with a class axis of size 1; {@code
 *       ()} for a prediction (C)
 *   <li>{@code predictions: [(N, C)]}, {@code (N, C, d1, …, dK)} or {@code (C)}: log-probabilities,
 *       which are not checked but for those of another axis, in strict validation
 *   <li>{@code optClassAxis} moves the classes to another axis of the predictions, and of labels
 *       with one number per class: with −1 the forms are {@code (N, d1, …, dK, C)} and {@code (N,
 *       d1, …, dK)}. It costs nothing if the classes are last, and a copy elsewhere
 *   <li>{@code out: ()}, or {@code (N, d1, …, dK)} with {@code NONE}
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>{@code MEAN} divides by the sum of {@code w[y]} over the targets that are not ignored. If all
 * targets are ignored, the batch is empty or these weights sum to 0, the mean is NaN with gradient
 * zero; {@code optEmptyPolicy} changes that. A class of weight 0 and log-probability −∞ gives 0 · ∞
 * = NaN.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = NLLLoss.builder().optIgnoreIndex(-1).build();
 * NDArray value = loss.evaluate(new NDList(classes), new NDList(logits.logSoftmax(1)));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.NLLLoss(weight, ignore_index, reduction)} and {@code
 * mindspore.nn.NLLLoss}. Differences: targets may have any numeric type, and an index out of range
 * is an error on every engine.
 */
public final class NLLLoss extends AbstractLoss {

    private static final Script SCRIPT = script("x y", "x, y, None");
    private static final Script WEIGHTED = script("x y w", "x, y, w");

    // The kernel for more axes has no gradient for a view.
    private static final Script OF_POSITIONS = script("x y", "torch.contiguous(x), y, None");
    private static final Script WEIGHTED_OF_POSITIONS =
            script("x y w", "torch.contiguous(x), y, w");

    private static Script script(String arrays, String arguments) {
        String call = "return torch.nll_loss_nd(%s, reduction, int(ignored))";
        return Script.of(arrays, "ignored=-100", call.formatted(arguments));
    }

    private final double @Nullable [] weight;
    private final long ignoreIndex;
    private final ClassAxis classAxis;

    private NLLLoss(Builder builder) {
        super(builder);
        weight = builder.weight;
        ignoreIndex = builder.ignoreIndex;
        classAxis = builder.classAxis;
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "target");
        Checks.count(getName(), "predictions", predictions, "log-probabilities");
        classAxis.check(getName(), predictions.get(0), "weight", weight);
        classAxis.checkIndices(getName(), labels.get(0), predictions.get(0));
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDList labels, NDList predictions) {
        classAxis.checkOther(
                getName(), "the exponential of predictions[0]", predictions.get(0).exp());
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
        NDArray logProb = given.predictions().get(0);
        ClassTargets targets = ClassAxis.targets(this, label, logProb, ignoreIndex, weight);
        return targets.weigh(ClassAxis.pick(logProb, targets.index()).neg())
                .reshape(unreducedShape(labels, predictions));
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        Inputs given = classAxis.arranged(labels, predictions);
        NDArray label = given.labels().get(0);
        NDArray logProb = given.predictions().get(0);
        ClassTargets.Checked targets = ClassAxis.indices(this, label, logProb, ignoreIndex, weight);
        if (targets == null) {
            return null;
        }
        boolean hasPositions = logProb.getShape().dimension() > 2;
        NDList arrays = new NDList(logProb, targets.index());
        Script script = hasPositions ? OF_POSITIONS : SCRIPT;
        if (weight != null) {
            arrays.add(ClassAxis.vector(weight, logProb));
            script = hasPositions ? WEIGHTED_OF_POSITIONS : WEIGHTED;
        }
        return new Reading.Call(script, targets.divisor(), arrays, ignoreIndex);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(
                Reading.graph(
                        Long.MAX_VALUE), // all arrays but the input hold one number per sample
                Reading.script(this::call));
    }

    /**
     * Creates a builder with the defaults: no class weights, ignoreIndex −100, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct an {@link NLLLoss}. */
    public static final class Builder extends LossBuilder<NLLLoss, Builder> {

        private double @Nullable [] weight;
        private long ignoreIndex = -100;
        private ClassAxis classAxis = ClassAxis.DEFAULT;

        Builder() {
            super("NLLLoss", NLLLoss::new);
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
         * Sets the class index of the targets to ignore (default −100).
         *
         * @param ignoreIndex any number
         * @return this {@code Builder}
         */
        public Builder optIgnoreIndex(long ignoreIndex) {
            this.ignoreIndex = set("ignoreIndex", ignoreIndex);
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
