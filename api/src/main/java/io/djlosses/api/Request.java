/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

import org.jspecify.annotations.Nullable;

/**
 * One evaluation of a loss: checked inputs, and what to compute from them.
 *
 * @param loss the loss
 * @param inputs labels without sample weights, and predictions in FLOAT32 or FLOAT64
 * @param weight the sample weights or the mask, or null
 * @param goal what to compute
 */
record Request(AbstractLoss loss, Inputs inputs, @Nullable NDArray weight, Goal goal) {

    /** Returns this request with other inputs. */
    Request with(NDList labels, NDList predictions, @Nullable NDArray newWeight) {
        return new Request(loss, new Inputs(labels, predictions), newWeight, goal);
    }

    /** Returns this request without what a mask hides: its weight is the mask as BOOLEAN. */
    Request masked(NDArray given) {
        NDArray mask = given.stopGradient();
        mask = mask.getDataType().isBoolean() ? mask : mask.neq(0);
        NDList shown = goal.gradient() ? predictions() : detached(predictions());
        return new Request(loss, loss.masked(mask, constants(), shown), mask, goal);
    }

    NDList labels() {
        return inputs.labels();
    }

    NDList predictions() {
        return inputs.predictions();
    }

    /** Returns the prediction whose manager owns the result. */
    NDArray batch() {
        return loss.batch(predictions());
    }

    /**
     * Returns whether this is a sum or mean of non-empty predictions with constant labels and
     * without weights, as fast readings assume.
     */
    boolean isPlain() {
        return goal.kind() != Goal.Kind.VALUES
                && weight == null
                && !loss.options().labelGradient()
                && !isEmpty();
    }

    boolean isEmpty() {
        for (NDArray array : predictions()) {
            if (array.size() == 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * Returns whether this is a mean of nothing whose value the policy decides: an engine ignores
     * it.
     */
    boolean isEmptyMean(Divisor divisor) {
        return goal.isMean()
                && !goal.apart()
                && loss.options().emptyPolicy() != EmptyPolicy.NAN
                && divisor.toDouble() == 0;
    }

    /** Returns the number of elements of the largest prediction. */
    long largestPrediction() {
        return largest(predictions());
    }

    /** Returns the number of elements of the largest array. */
    long largest() {
        long most = Math.max(largest(predictions()), largest(labels()));
        return weight == null ? most : Math.max(most, weight.size());
    }

    private static long largest(NDList list) {
        long largest = 0;
        for (NDArray array : list) {
            largest = Math.max(largest, array.size());
        }
        return largest;
    }

    Inputs detached() {
        return new Inputs(detached(labels()), detached(predictions()));
    }

    /** Returns the labels, detached unless they receive a gradient. */
    NDList constants() {
        return loss.options().labelGradient() ? labels() : detached(labels());
    }

    static NDList detached(NDList list) {
        NDList detached = new NDList(list.size());
        for (NDArray array : list) {
            detached.add(array.stopGradient());
        }
        return detached;
    }
}
