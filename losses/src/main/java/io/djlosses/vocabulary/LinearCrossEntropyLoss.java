/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.vocabulary;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Goal;
import io.djlosses.api.Inputs;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.ClassAxis;
import io.djlosses.internal.kernel.ClassTargets;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The cross entropy of the logits of a linear layer, computed without holding all logits: the last
 * layer and the loss of a language model in one.
 *
 * <p>Use it for large vocabularies: with V = 100 000 words the logits of a batch, and not the
 * model, fill the memory. This loss takes the input and the parameters of the last layer instead,
 * and processes the batch in chunks of rows, each of which leaves only its share of the value and
 * the gradients. With {@code p = softmax(x Wᵀ + b)}, class weights {@code w} and label smoothing
 * {@code ε}, each row contributes
 *
 * <pre>{@code
 * indices:        ℓ = −(1 − ε) w[y] log p[y] − (ε / V) Σc w[c] log p[c],   0 if y = ignoreIndex
 * probabilities:  ℓ = −Σc w[c] ((1 − ε) y[c] + ε / V) log p[c]
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]} or {@code (*, 1)}, class indices of any integer or floating-point
 *       type or BOOLEAN; or floating-point probabilities (*, V)
 *   <li>{@code predictions: [(*, D), (V, D)]} or {@code [(*, D), (V, D), (V)]}: input, weight and
 *       bias of the layer. Or {@code [(*, V)]}, the logits themselves, which {@link VocabularyHead}
 *       returns outside of training
 *   <li>{@code out: ()}, or {@code (*)} with {@code NONE}
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>With indices, {@code MEAN} divides by the sum of {@code w[y]} over the targets that are not
 * ignored; with probabilities, by the number of rows. If all targets are ignored, or the weights
 * sum to 0, the mean is NaN with gradient zero; {@code optEmptyPolicy} changes that.
 *
 * <h2>Memory</h2>
 *
 * <p>{@code MEAN}, {@code SUM} and {@code BATCH_MEAN} hold the logits of one chunk. All other cases
 * need the logits of all rows at once, as {@link io.djlosses.classification.CrossEntropyLoss} does:
 * {@code NONE}, a custom reduction, sample weights and masks (use {@code ignoreIndex} instead),
 * labels that receive a gradient, and inputs so small that memory does not matter.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Block model = new SequentialBlock().add(encoder).add(VocabularyHead.forLinearCrossEntropy(32000));
 * TrainingConfig config = new DefaultTrainingConfig(Losses.linearCrossEntropyLoss());
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.LinearCrossEntropyLoss} and {@code
 * torch.nn.functional.linear_cross_entropy}. Differences: the layer's parameters are arguments
 * rather than members, because a loss has no parameters in DJL; chunks are never so thin that
 * matrix products become slow (see {@link Builder#optChunkSize}); an index out of range is an error
 * on every engine; the gradient is a constant, so there is no second derivative.
 *
 * @see <a href="https://arxiv.org/abs/2411.09009">Wijmans et al. 2024, Cut Your Losses in
 *     Large-Vocabulary Language Models</a>
 */
public final class LinearCrossEntropyLoss extends AbstractLoss {

    /** Chunks of fewer rows make the matrix products slow. */
    private static final long MIN_ROWS = 256;

    private static final Script WITHOUT_BIAS = scriptOf("x w y", "None");
    private static final Script WITH_BIAS = scriptOf("x w b y", "b");

    private static Script scriptOf(String arrays, String bias) {
        return Script.of(
                arrays,
                "ignored=-100 smoothing=0",
                """
                if torch.dim(x) != 2:
                  x = torch.reshape(x, [-1, torch.size(x, -1)])
                z = torch.linear(x, w, BIAS)
                return torch.cross_entropy_loss(z, y, None, reduction, int(ignored), smoothing)
                """
                        .replace("BIAS", bias));
    }

    private final double @Nullable [] weight;
    private final long ignoreIndex;
    private final double labelSmoothing;
    private final long chunkSize;

    private LinearCrossEntropyLoss(Builder builder) {
        super(builder);
        weight = builder.weight;
        ignoreIndex = builder.ignoreIndex;
        labelSmoothing = builder.labelSmoothing;
        chunkSize = builder.chunkSize;
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        String name = getName();
        Checks.count(name, "labels", labels, "target");
        checkLayer(predictions);
        long classes = classes(predictions);
        if (weight != null && weight.length != classes) {
            throw failure(
                    "weight",
                    "hold one number for each of the " + classes + " classes",
                    weight == null ? 0 : weight.length);
        }
        NDArray label = labels.get(0);
        if (!isIndex(labels, predictions)) {
            require(
                    label.getDataType().isFloating(),
                    "labels[0] of the shape of the logits",
                    "hold probabilities in a floating-point type",
                    label.getDataType());
            require(
                    ignoreIndex < 0,
                    "ignoreIndex",
                    "be negative with probability targets, which it cannot apply to",
                    ignoreIndex);
        } else {
            Checks.index(name, "labels[0]", label);
            Shape rows = unreducedShape(labels, predictions);
            if (!label.getShape().equals(rows.add(1))) {
                Checks.shape(name, "labels[0]", label.getShape(), rows, "match predictions[0]");
            }
        }
    }

    /** Returns whether a label holds class indices rather than one probability per class. */
    private boolean isIndex(NDList labels, NDList predictions) {
        Shape rows = unreducedShape(labels, predictions);
        return !labels.get(0).getShape().equals(rows.add(classes(predictions)));
    }

    private void checkLayer(NDList predictions) {
        String name = getName();
        if (predictions.size() > 3) {
            throw failure(
                    "predictions",
                    "hold [input, weight], [input, weight, bias] or [logits]",
                    predictions.size() + " arrays");
        }
        NDArray input = predictions.get(0);
        String form = predictions.size() == 1 ? "(*, V)" : "(*, D)";
        Checks.rank(name, "predictions[0]", input, 1, Integer.MAX_VALUE, form);
        Shape shape = input.getShape();
        long features = shape.get(shape.dimension() - 1);
        require(features > 0, "predictions[0]", "have a last axis that is not empty", shape);
        if (predictions.size() > 1) {
            NDArray layer = predictions.get(1);
            Checks.rank(name, "predictions[1]", layer, 2, 2, "(V, D)");
            if (layer.getShape().get(0) == 0 || layer.getShape().get(1) != features) {
                throw failure(
                        "predictions[1]",
                        "have shape (V, " + features + ") to match predictions[0], V > 0",
                        layer.getShape());
            }
        }
        if (predictions.size() > 2) {
            Shape required = new Shape(predictions.get(1).getShape().get(0));
            Shape given = predictions.get(2).getShape();
            Checks.shape(name, "predictions[2]", given, required, "match predictions[1]");
        }
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDList labels, NDList predictions) {
        NDArray label = labels.get(0);
        if (!isIndex(labels, predictions)) {
            Checks.unitInterval(getName(), "labels[0]", label);
        }
    }

    private static long classes(NDList predictions) {
        Shape shape = predictions.get(predictions.size() == 1 ? 0 : 1).getShape();
        return predictions.size() == 1 ? shape.get(shape.dimension() - 1) : shape.get(0);
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        Shape shape = predictions.get(0).getShape();
        return shape.slice(0, shape.dimension() - 1);
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDArray input = rows(predictions.get(0));
        NDArray logits = predictions.size() == 1 ? input : logits(input, predictions);
        Shape shape = unreducedShape(labels, predictions);
        return target(labels, predictions, input).terms(logits).reshape(shape);
    }

    /** {@inheritDoc} */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        NDList masked = new NDList(predictions);
        NDArray input = predictions.get(0);
        Shape rows = mask.getShape();
        while (rows.dimension() < input.getShape().dimension()) {
            rows = rows.add(1);
        }
        masked.set(0, Nd.where(mask.reshape(rows), input, 0));
        return new Inputs(labels, masked);
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        NDArray label = labels.get(0);
        if (predictions.size() == 1
                || (!goal.forced() && isLarge(predictions) && !isOneChunk(labels, predictions))
                || weight != null
                || !isIndex(labels, predictions)) {
            return null;
        }
        NDArray index = label.getShape().dimension() == 1 ? label : label.flatten();
        ClassTargets.Checked targets =
                ClassTargets.checked(this, index, classes(predictions), ignoreIndex, weight);
        if (targets == null) {
            return null;
        }
        NDList arrays = new NDList(predictions);
        arrays.add(targets.index());
        Script script = predictions.size() == 2 ? WITHOUT_BIAS : WITH_BIAS;
        return new Reading.Call(script, targets.divisor(), arrays, ignoreIndex, labelSmoothing);
    }

    private @Nullable Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        if (predictions.size() == 1) {
            return null;
        }
        NDArray input = rows(predictions.get(0));
        VocabularyTarget target = target(labels, predictions, input);
        long rows = input.getShape().get(0);
        long step = step(predictions);
        NDList inputGradients = new NDList();
        NDList sums = new NDList(); // value, gradient of the weight, gradient of the bias
        for (long from = 0; from < rows; from += step) {
            long to = Math.min(from + step, rows);
            NDList parts = chunk(input, predictions, target, from, to, goal.gradient());
            if (goal.gradient()) {
                inputGradients.add(parts.remove(0));
            }
            for (int i = 0; i < sums.size(); i++) {
                sums.get(i).addi(parts.get(i));
                parts.get(i).close();
            }
            sums = sums.isEmpty() ? parts : sums;
        }
        NDArray sum = sums.remove(0);
        if (!goal.gradient()) {
            return Outcome.of(sum, target.divisor());
        }
        NDArray[] gradients = new NDArray[predictions.size()];
        gradients[0] = NDArrays.concat(inputGradients).reshape(predictions.get(0).getShape());
        for (int i = 1; i < gradients.length; i++) {
            gradients[i] = sums.get(i - 1);
        }
        return Outcome.of(sum, target.divisor(), 1, gradients);
    }

    private boolean isOneChunk(NDList labels, NDList predictions) {
        return unreducedShape(labels, predictions).size() <= step(predictions);
    }

    /** Returns the number of rows of a chunk. */
    private long step(NDList predictions) {
        return chunkSize > 0
                ? chunkSize
                : Math.max(MIN_ROWS, predictions.get(1).getShape().get(1) / 2);
    }

    private static boolean isLarge(NDList predictions) {
        return predictions.stream().anyMatch(array -> array.size() >= Thresholds.CHUNKS);
    }

    /** Returns [dx], Σ ℓ, [dW, [db]] of some rows, and closes all other arrays. */
    private static NDList chunk(
            NDArray input,
            NDList predictions,
            VocabularyTarget target,
            long from,
            long to,
            boolean gradient) {
        NDList result = new NDList();
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            NDArray x = input.get(new NDIndex().addSliceDim(from, to));
            VocabularyTarget aim = target.rows(from, to);
            NDArray logits = logits(x, predictions);
            if (!gradient) {
                result.add(Nd.sum(aim.terms(logits).values()));
            } else {
                NDArray probability = logits.softmax(1);
                result.add(Nd.sum(aim.terms(logits, probability).values()));
                logits.close();
                NDArray error = aim.gradient(probability);
                result.add(0, error.matMul(predictions.get(1)));
                result.add(error.transpose().matMul(x));
                if (predictions.size() == 3) {
                    result.add(Nd.sum(error, 0));
                }
            }
            NDScope.unregister(result);
        }
        result.forEach(NDScope::register); // in the scope of the caller
        return result;
    }

    private static NDArray logits(NDArray input, NDList predictions) {
        NDArray weight = predictions.get(1);
        NDArray bias = predictions.size() == 3 ? predictions.get(2) : null;
        return Linear.linear(input, weight, bias).singletonOrThrow();
    }

    private VocabularyTarget target(NDList labels, NDList predictions, NDArray like) {
        NDArray label = labels.get(0);
        long classes = classes(predictions);
        NDArray classWeights = weight == null ? null : ClassAxis.row(weight, like);
        if (!isIndex(labels, predictions)) {
            NDArray probabilities = rows(Nd.cast(label, like));
            return new VocabularyTarget.Probabilities(probabilities, classWeights, labelSmoothing);
        }
        NDArray index = label.reshape(like.getShape().get(0));
        ClassTargets indices = ClassTargets.of(this, index, classes, ignoreIndex, weight, like);
        return new VocabularyTarget.Classes(indices, classWeights, labelSmoothing);
    }

    /** Merges all axes but the last. */
    private static NDArray rows(NDArray array) {
        Shape shape = array.getShape();
        long last = shape.get(shape.dimension() - 1);
        return shape.dimension() == 2 ? array : array.reshape(array.size() / last, last);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(
                Reading.graph(),
                Reading.script(this::call),
                Reading.closedForm(Thresholds.CHUNKS, this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: no class weights, ignoreIndex −100, no label smoothing,
     * chunks that suit the layer, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link LinearCrossEntropyLoss}. */
    public static final class Builder extends LossBuilder<LinearCrossEntropyLoss, Builder> {

        private double @Nullable [] weight;
        private long ignoreIndex = -100;
        private double labelSmoothing;
        private long chunkSize;

        Builder() {
            super("LinearCrossEntropyLoss", LinearCrossEntropyLoss::new);
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
         * Sets the number of rows of a chunk (default: half the number of features of the input,
         * but at least 256, so that the logits of a chunk take about half of the memory of the
         * weight).
         *
         * @param chunkSize the number of rows, at least 1
         * @return this {@code Builder}
         */
        public Builder optChunkSize(long chunkSize) {
            this.chunkSize = require("chunkSize", chunkSize, chunkSize >= 1, "be at least 1");
            return this;
        }
    }
}
