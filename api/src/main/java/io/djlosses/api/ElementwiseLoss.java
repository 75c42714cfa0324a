/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * A loss of one label and one prediction of the same shape, computed element by element.
 *
 * <p>This is the base class for most custom losses: you write the formula, and it takes care of
 * reduction, checks, weights, masks, exact accumulators and memory.
 *
 * <pre>{@code
 * public final class CauchyLoss extends ElementwiseLoss {
 *
 *     private CauchyLoss(SimpleBuilder<CauchyLoss> builder) {
 *         super(builder);
 *     }
 *
 *     @Override
 *     protected NDArray unreduced(NDArray label, NDArray prediction) {
 *         NDArray d = prediction.sub(label);
 *         return d.square().add(Nd.num(d, 1)).log();
 *     }
 *
 *     public static SimpleBuilder<CauchyLoss> builder() {
 *         return new SimpleBuilder<>("CauchyLoss", CauchyLoss::new);
 *     }
 * }
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, any shape
 *   <li>{@code predictions: [(*)]}, the shape of the label, ignoring axes of size 1: a label (N)
 *       matches a prediction (N, 1). Nothing is broadcast, which would silently make N × N values
 *       of these two
 *   <li>{@code out: ()}, or the shape of the prediction with {@link Reduction#NONE}; {@link
 *       Reduction#MEAN} divides by the number of elements
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = CauchyLoss.builder().optReduction(Reduction.SUM).build();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(prediction));
 * }</pre>
 */
public abstract class ElementwiseLoss extends AbstractLoss {

    /**
     * Creates a loss with the common options of a builder.
     *
     * @param builder the builder
     */
    protected ElementwiseLoss(LossBuilder<?, ?> builder) {
        super(builder);
    }

    /**
     * Computes the loss of each element, with operations that the engine differentiates.
     *
     * @param label the label, with the shape and data type of the prediction
     * @param prediction the prediction
     * @return the values, with the shape of the prediction
     */
    protected abstract NDArray unreduced(NDArray label, NDArray prediction);

    /** Computes the sum of the values and its gradient in closed form. */
    @FunctionalInterface
    public interface ClosedForm {

        /**
         * Computes the sum and its gradient without a graph.
         *
         * @param label the label, detached, of the shape and data type of the prediction
         * @param prediction the prediction, detached
         * @param gradient whether the gradient is needed
         * @return the outcome, or null to leave it to the next reading
         */
        @Nullable Outcome compute(NDArray label, NDArray prediction, boolean gradient);
    }

    /**
     * Returns a reading in closed form, for predictions of at least 4096 elements.
     *
     * @param form computes the sum and its gradient
     * @return the reading
     */
    protected static Reading closedForm(ClosedForm form) {
        return Reading.closedForm(
                (labels, predictions, goal) -> compute(form, labels, predictions, goal));
    }

    /**
     * Returns a reading in closed form.
     *
     * @param size the number of elements from which the closed form is worth its cost
     * @param form computes the sum and its gradient
     * @return the reading
     */
    protected static Reading closedForm(long size, ClosedForm form) {
        return Reading.closedForm(
                size, (labels, predictions, goal) -> compute(form, labels, predictions, goal));
    }

    private static @Nullable Outcome compute(
            ClosedForm form, NDList labels, NDList predictions, Goal goal) {
        NDArray prediction = predictions.get(0);
        return form.compute(matching(labels.get(0), prediction), prediction, goal.gradient());
    }

    /** Makes the arguments of a script. */
    @FunctionalInterface
    public interface Arguments {

        /**
         * Makes the arguments of a script.
         *
         * @param label the label, with the shape and data type of the prediction
         * @param prediction the prediction
         * @return the arrays, or null to leave it to the next reading
         */
        @Nullable List<NDArray> of(NDArray label, NDArray prediction);
    }

    /**
     * Returns a reading that runs a script on arrays made from label and prediction.
     *
     * @param script the script
     * @param arguments makes the arrays of the script
     * @param options the numbers of the script
     * @return the reading
     */
    protected static Reading script(Script script, Arguments arguments, double... options) {
        return Reading.script(
                (labels, predictions, goal) -> {
                    NDArray prediction = predictions.get(0);
                    NDArray label = matching(labels.get(0), prediction);
                    List<NDArray> arrays = arguments.of(label, prediction);
                    return arrays == null
                            ? null
                            : new Reading.Call(script, prediction.size(), arrays, options);
                });
    }

    /**
     * Returns a reading that runs a script on prediction and label.
     *
     * @param script the script
     * @param options the numbers of the script
     * @return the reading
     */
    protected static Reading script(Script script, double... options) {
        return script(script, (label, prediction) -> List.of(prediction, label), options);
    }

    /**
     * Checks the shape of the prediction against the options of the loss, without reading data.
     *
     * @param prediction the prediction; the label is known to have its shape
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
    protected final Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDArray prediction = predictions.get(0);
        return Terms.of(unreduced(matching(labels.get(0), prediction), prediction));
    }

    private static NDArray matching(NDArray label, NDArray prediction) {
        NDArray typed = Nd.cast(label, prediction);
        Shape shape = prediction.getShape();
        return typed.getShape().equals(shape) ? typed : typed.reshape(shape);
    }

    /** Replaces the elements that the mask hides by ½, for which every formula is finite. */
    @Override
    protected final Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        NDArray prediction = predictions.get(0);
        NDArray label = matching(labels.get(0), prediction);
        NDArray shown = Formula.leading(mask, prediction.getShape());
        return new Inputs(
                new NDList(Nd.where(shown, label, 0.5)),
                new NDList(Nd.where(shown, prediction, 0.5)));
    }
}
