/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.evaluator.AbstractAccuracy;
import ai.djl.util.Pair;

import java.util.function.UnaryOperator;

/** The share of samples whose class was predicted. */
public final class ClassAccuracy extends AbstractAccuracy {

    private final UnaryOperator<NDArray> expected;
    private final UnaryOperator<NDArray> predicted;

    /**
     * Makes the evaluator.
     *
     * @param expected reads the classes (N) from the label
     * @param predicted reads the classes (N) from the prediction
     */
    public ClassAccuracy(UnaryOperator<NDArray> expected, UnaryOperator<NDArray> predicted) {
        super("Accuracy");
        this.expected = expected;
        this.predicted = predicted;
    }

    /** {@inheritDoc} */
    @Override
    protected Pair<Long, NDArray> accuracyHelper(NDList labels, NDList predictions) {
        NDArray classes = expected.apply(labels.get(0)).toType(DataType.INT64, false);
        NDArray guesses = predicted.apply(predictions.get(0)).toType(DataType.INT64, false);
        return new Pair<>(classes.size(), classes.eq(guesses).toType(DataType.INT64, false));
    }
}
