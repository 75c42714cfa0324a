/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.nd.Nd;

import java.util.List;

/**
 * A loss with one value for each row, that is for each vector along the last axis: a box, an
 * embedding, a distribution, a waveform.
 *
 * <p>A subclass names the arrays and writes the formula.
 *
 * <pre>{@code
 * public final class EuclideanLoss extends RowLoss {
 *
 *     private EuclideanLoss(SimpleBuilder<EuclideanLoss> builder) {
 *         super(builder, List.of("target"), List.of("prediction"));
 *     }
 *
 *     @Override
 *     protected NDArray unreduced(NDList labels, NDList predictions) {
 *         return Nd.norm(predictions.get(0).sub(labels.get(0)), -1, false);
 *     }
 * }
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(…, D) or (…)]}, with the leading axes {@code (…)} of the predictions
 *   <li>{@code predictions: [(…, D)]}; a single row is (D)
 *   <li>{@code out: ()}, or {@code (…)} with {@link Reduction#NONE}
 * </ul>
 */
public abstract class RowLoss extends AbstractLoss {

    private final String[] labelNames;
    private final String[] predictionNames;

    /**
     * Creates a loss with the common options of a builder.
     *
     * @param builder the builder
     * @param labels what each label is, one word per array
     * @param predictions what each prediction is, one word per array
     */
    protected RowLoss(LossBuilder<?, ?> builder, List<String> labels, List<String> predictions) {
        super(builder);
        labelNames = labels.toArray(String[]::new);
        predictionNames = predictions.toArray(String[]::new);
    }

    /**
     * Computes the loss of each row, with operations that the engine differentiates.
     *
     * @param labels the labels, with the data type of the predictions
     * @param predictions the predictions
     * @return the values, with the leading axes
     */
    protected abstract NDArray unreduced(NDList labels, NDList predictions);

    /**
     * Checks the last axes against each other and against the options, without reading data.
     *
     * @param labels the labels, whose leading axes fit
     * @param predictions the predictions, whose leading axes fit
     */
    protected void checkRows(NDList labels, NDList predictions) {}

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, labelNames);
        Checks.count(getName(), "predictions", predictions, predictionNames);
        Checks.rank(getName(), "predictions[0]", predictions.get(0), 1, 255, "(…, D)");
        checkLeading("predictions", predictions, leading(predictions));
        checkLeading("labels", labels, leading(predictions));
        checkRows(labels, predictions);
    }

    private void checkLeading(String argument, NDList arrays, Shape leading) {
        int axes = leading.dimension();
        for (int i = 0; i < arrays.size(); i++) {
            Shape given = arrays.get(i).getShape();
            boolean fits = given.dimension() == axes || given.dimension() == axes + 1;
            if (!fits || !given.slice(0, axes).equals(leading)) {
                throw Checks.failure(
                        getName(),
                        argument + "[" + i + "]",
                        "have the leading axes " + leading + " of predictions[0]",
                        given);
            }
        }
    }

    private static Shape leading(NDList predictions) {
        Shape shape = predictions.get(0).getShape();
        return shape.slice(0, shape.dimension() - 1);
    }

    /** {@inheritDoc} */
    @Override
    protected final Shape unreducedShape(NDList labels, NDList predictions) {
        return leading(predictions);
    }

    /** {@inheritDoc} */
    @Override
    protected final Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDList given = new NDList(labels.size());
        labels.forEach(label -> given.add(Nd.cast(label, predictions.get(0))));
        return Terms.of(unreduced(given, predictions));
    }
}
