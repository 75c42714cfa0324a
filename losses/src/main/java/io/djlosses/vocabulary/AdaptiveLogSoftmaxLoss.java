/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.vocabulary;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Goal;
import io.djlosses.api.Reading;
import io.djlosses.api.SimpleBuilder;
import io.djlosses.api.Terms;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.ClassTargets;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The negative log-probability of the targets: the loss for models that end in the block {@link
 * AdaptiveLogSoftmaxWithLoss}, which computes these log-probabilities.
 *
 * <pre>{@code
 * ℓ = −log p[y]
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]} or {@code (*, 1)}, class indices of any integer or floating-point
 *       type or BOOLEAN
 *   <li>{@code predictions: [(*)]}, the log-probability of each target, which the block returns in
 *       training; or {@code [(*, C)]}, the log-probabilities of all classes, which it returns
 *       otherwise
 *   <li>{@code out: ()}, or {@code (*)} with {@code NONE}; {@code MEAN} divides by the number of
 *       targets
 * </ul>
 *
 * <p>A class index out of range is an error; with log-probabilities of the targets, the block
 * already reports it.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * TrainingConfig config = new DefaultTrainingConfig(Losses.adaptiveLogSoftmaxLoss());
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.AdaptiveLogSoftmaxWithLoss(…)(input, target).loss} together with
 * the block. Difference: the reduction can be chosen.
 *
 * @see AdaptiveLogSoftmaxWithLoss
 * @see <a href="https://arxiv.org/abs/1609.04309">Grave et al. 2017, Efficient softmax
 *     approximation for GPUs</a>
 */
public final class AdaptiveLogSoftmaxLoss extends AbstractLoss {

    private static final Script OF_TARGETS =
            Script.of("x", "", "v = torch.mean(x) if mean else torch.sum(x)\nreturn torch.neg(v)");

    private static final Script OF_CLASSES =
            Script.of(
                    "x y",
                    "",
                    """
                    if torch.dim(x) != 2:
                      x = torch.reshape(x, [-1, torch.size(x, -1)])
                    return torch.nll_loss(x, y, None, reduction, -1)
                    """);

    private AdaptiveLogSoftmaxLoss(SimpleBuilder<AdaptiveLogSoftmaxLoss> builder) {
        super(builder);
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        String name = getName();
        Checks.count(name, "labels", labels, "target");
        Checks.count(name, "predictions", predictions, "log-probabilities");
        Checks.index(name, "labels[0]", labels.get(0));
        Shape given = predictions.get(0).getShape();
        Shape shape = labels.get(0).getShape();
        if (isOfTargets(labels, predictions)) {
            return;
        }
        boolean hasClasses = given.dimension() > 0 && given.tail() > 0;
        Shape rows = hasClasses ? unreducedShape(labels, predictions) : given;
        if (!hasClasses || !(shape.equals(rows) || shape.equals(rows.add(1)))) {
            throw failure(
                    "predictions[0]",
                    "have the shape " + shape + " of labels[0], or that and an axis of classes",
                    given);
        }
    }

    /** Returns whether there is one log-probability per target. */
    private static boolean isOfTargets(NDList labels, NDList predictions) {
        Shape shape = labels.get(0).getShape();
        Shape given = predictions.get(0).getShape();
        return given.equals(shape) || given.add(1).equals(shape);
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        Shape shape = predictions.get(0).getShape();
        return isOfTargets(labels, predictions) ? shape : shape.slice(0, shape.dimension() - 1);
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDArray logProb = predictions.get(0);
        if (isOfTargets(labels, predictions)) {
            return Terms.of(logProb.neg());
        }
        Shape shape = logProb.getShape();
        long classes = shape.tail();
        long count = shape.size() / classes;
        NDArray index = labels.get(0).reshape(count);
        ClassTargets targets = ClassTargets.of(this, index, classes, null, null, logProb);
        // A reshape is a copy on some engines.
        NDArray rows = shape.dimension() == 2 ? logProb : logProb.reshape(count, classes);
        NDArray picked = Nd.pick(rows, targets.index());
        return targets.weigh(picked.neg()).reshape(unreducedShape(labels, predictions));
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        NDArray logProb = predictions.get(0);
        if (isOfTargets(labels, predictions)) {
            return new Reading.Call(OF_TARGETS, logProb.size(), List.of(logProb));
        }
        NDArray label = labels.get(0);
        NDArray index = label.getShape().dimension() == 1 ? label : label.flatten();
        long classes = logProb.getShape().tail();
        ClassTargets.Checked targets = ClassTargets.checked(this, index, classes, null, null);
        return targets == null
                ? null
                : new Reading.Call(
                        OF_CLASSES, targets.divisor(), List.of(logProb, targets.index()));
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
     * Creates a builder with the defaults: {@code MEAN}.
     *
     * @return the builder
     */
    public static SimpleBuilder<AdaptiveLogSoftmaxLoss> builder() {
        return new SimpleBuilder<>("AdaptiveLogSoftmaxLoss", AdaptiveLogSoftmaxLoss::new);
    }
}
