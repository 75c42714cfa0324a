/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.nd.Nd;
import io.djlosses.nd.Script;

import org.jspecify.annotations.Nullable;

/**
 * A loss of one label and one prediction of the same shape, computed element by element.
 *
 * <p>This is the base for a loss of your own: write the formula, and reduction, checks, weights,
 * masks, exact accumulators and memory are taken care of.
 *
 * <pre>{@code
 * public final class LogCoshLoss extends ElementwiseLoss {
 *
 *     public LogCoshLoss(Reduction reduction) {
 *         super("LogCoshLoss", reduction);
 *     }
 *
 *     @Override
 *     protected NDArray unreduced(NDArray label, NDArray prediction) {
 *         NDArray d = prediction.sub(label);
 *         return d.add(Nd.softplus(Nd.mul(d, -2))).sub(Math.log(2));
 *     }
 * }
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, any shape
 *   <li>{@code predictions: [(*)]}, the shape of the label, up to axes of size 1: a label (N)
 *       matches a prediction (N, 1). Nothing is broadcast
 *   <li>{@code out: ()}, or the shape of the prediction with {@link Reduction#NONE}
 * </ul>
 */
public abstract class ElementwiseLoss extends AbstractLoss {

    /**
     * Makes a loss with {@link Reduction#MEAN}.
     *
     * @param name the display name
     */
    protected ElementwiseLoss(String name) {
        super(name);
    }

    /**
     * Makes a loss with a reduction.
     *
     * @param name the display name
     * @param reduction the reduction
     */
    protected ElementwiseLoss(String name, Reduction reduction) {
        super(name, reduction);
    }

    /**
     * Makes a loss with the common options of a builder.
     *
     * @param builder the builder
     */
    protected ElementwiseLoss(LossBuilder<?> builder) {
        super(builder);
    }

    /**
     * Computes the loss of every element.
     *
     * @param label the label, of the shape and data type of the prediction
     * @param prediction the prediction
     * @return the values, of the shape of the prediction
     */
    protected abstract NDArray unreduced(NDArray label, NDArray prediction);

    /**
     * Computes the sum of {@link #unreduced} and its gradient without a graph, or declines.
     *
     * @param label the label, detached, of the shape and data type of the prediction
     * @param prediction the prediction, detached
     * @param gradient whether the gradient is wanted
     * @return the closed form, or null to use {@link #unreduced}
     */
    protected @Nullable ClosedForm closedForm(NDArray label, NDArray prediction, boolean gradient) {
        return null;
    }

    /**
     * Computes the reduced and finished result by one script of the engine, or declines; see {@link
     * AbstractLoss#scripted(NDList, NDList, Script.Goal)}.
     *
     * @param label the label, which has no gradient, of the shape and data type of the prediction
     * @param prediction the prediction, whose graph a script leaves alone if no gradient is wanted
     * @param goal what is wanted
     * @return the result with its gradient, or null for another reading
     */
    protected @Nullable NDArray scripted(NDArray label, NDArray prediction, Script.Goal goal) {
        return null;
    }

    /**
     * Checks the prediction against the options of the loss, without reading data.
     *
     * @param prediction the prediction, whose shape the label is known to have
     */
    protected void checkShape(NDArray prediction) {}

    /**
     * Checks the data, in strict validation only.
     *
     * @param label the label
     * @param prediction the prediction, which is finite
     */
    protected void checkData(NDArray label, NDArray prediction) {}

    /** {@inheritDoc} */
    @Override
    protected final void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "label");
        Checks.count(getName(), "predictions", predictions, "prediction");
        Checks.sameElements(getName(), labels.get(0), predictions.get(0));
        checkShape(predictions.get(0));
    }

    /** {@inheritDoc} */
    @Override
    protected final Shape unreducedShape(NDList labels, NDList predictions) {
        return predictions.get(0).getShape();
    }

    /** {@inheritDoc} */
    @Override
    protected final void checkData(NDList labels, NDList predictions) {
        checkData(labels.get(0), predictions.get(0));
    }

    /** {@inheritDoc} */
    @Override
    protected final Terms terms(NDList labels, NDList predictions) {
        NDArray prediction = predictions.get(0);
        return Terms.of(unreduced(matching(labels.get(0), prediction), prediction));
    }

    /** {@inheritDoc} */
    @Override
    protected final @Nullable ClosedForm closedForm(
            NDList labels, NDList predictions, boolean gradient) {
        NDArray prediction = predictions.get(0);
        return closedForm(matching(labels.get(0), prediction), prediction, gradient);
    }

    /** {@inheritDoc} */
    @Override
    protected final boolean canBeEmpty(NDList labels) {
        return false;
    }

    /** {@inheritDoc} */
    @Override
    protected final @Nullable NDArray scripted(
            NDList labels, NDList predictions, Script.Goal goal) {
        NDArray prediction = predictions.get(0);
        return scripted(matching(labels.get(0), prediction), prediction, goal);
    }

    private static NDArray matching(NDArray label, NDArray prediction) {
        NDArray typed = Nd.cast(label, prediction);
        Shape shape = prediction.getShape();
        return typed.getShape().equals(shape) ? typed : typed.reshape(shape);
    }

    /** Puts ½, where every formula is finite, in place of what the mask hides. */
    @Override
    final Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        NDArray prediction = predictions.get(0);
        NDArray label = matching(labels.get(0), prediction);
        NDArray shown = leading(mask, prediction.getShape());
        return new Inputs(
                new NDList(Nd.where(shown, label, 0.5)),
                new NDList(Nd.where(shown, prediction, 0.5)),
                null);
    }
}
