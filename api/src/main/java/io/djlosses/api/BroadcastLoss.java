/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.nd.Nd;

import java.util.List;

/**
 * A loss of several labels and predictions that is computed element by element, such as a
 * likelihood whose parameters are predicted.
 *
 * <p>A subclass names the arrays and writes the formula; {@link ElementwiseLoss} is for one label
 * and one prediction.
 *
 * <pre>{@code
 * public final class LaplaceNLLLoss extends BroadcastLoss {
 *
 *     private LaplaceNLLLoss(SimpleBuilder<LaplaceNLLLoss> builder) {
 *         super(builder, List.of("target"), List.of("location", "scale"));
 *     }
 *
 *     @Override
 *     protected NDArray unreduced(NDList labels, NDList predictions) {
 *         NDArray scale = predictions.get(1);
 *         NDArray error = predictions.get(0).sub(labels.get(0));
 *         return error.abs().div(scale).add(Nd.mul(scale, 2).log());
 *     }
 * }
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels, predictions}: shapes that broadcast, where missing axes are missing at the
 *       end, as those of sample weights are: (), (N), (N, 1) and (N, D) make (N, D)
 *   <li>{@code out: ()}, or the shape to which they broadcast with {@link Reduction#NONE}
 * </ul>
 */
public abstract class BroadcastLoss extends AbstractLoss {

    private final String[] labelNames;
    private final String[] predictionNames;

    /**
     * Creates a loss with the common options of a builder.
     *
     * @param builder the builder
     * @param labels what each label is, one word per array
     * @param predictions what each prediction is, one word per array
     */
    protected BroadcastLoss(
            LossBuilder<?, ?> builder, List<String> labels, List<String> predictions) {
        super(builder);
        labelNames = labels.toArray(String[]::new);
        predictionNames = predictions.toArray(String[]::new);
    }

    /**
     * Computes the loss of each element, with operations that the engine differentiates.
     *
     * @param labels the labels, with the data type of the predictions, of shapes that broadcast
     * @param predictions the predictions, of shapes that broadcast
     * @return the values, with the shape to which all of them broadcast
     */
    protected abstract NDArray unreduced(NDList labels, NDList predictions);

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, labelNames);
        Checks.count(getName(), "predictions", predictions, predictionNames);
        unreducedShape(labels, predictions);
    }

    /** {@inheritDoc} */
    @Override
    protected final Shape unreducedShape(NDList labels, NDList predictions) {
        int rank = rank(labels, predictions);
        NDList arrays = new NDList(predictions);
        arrays.addAll(labels);
        return Checks.broadcast(
                getName(),
                "labels and predictions",
                arrays.stream()
                        .map(array -> Nd.withRank(array.getShape(), rank))
                        .toArray(Shape[]::new));
    }

    /** {@inheritDoc} */
    @Override
    protected final Terms terms(NDList labels, NDList predictions, Goal goal) {
        int rank = rank(labels, predictions);
        NDList given = new NDList(labels.size());
        labels.forEach(label -> given.add(Nd.withRank(Nd.cast(label, predictions.get(0)), rank)));
        NDList computed = new NDList(predictions.size());
        predictions.forEach(prediction -> computed.add(Nd.withRank(prediction, rank)));
        return Terms.of(unreduced(given, computed));
    }

    private static int rank(NDList labels, NDList predictions) {
        int rank = 0;
        for (NDList list : List.of(labels, predictions)) {
            for (NDArray array : list) {
                rank = Math.max(rank, array.getShape().dimension());
            }
        }
        return rank;
    }
}
