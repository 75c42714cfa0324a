/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;

import io.djlosses.examples.catalog.Inputs;

/**
 * The input of one evaluation.
 *
 * @param labels the labels
 * @param predictions the predictions, which all learn
 * @param weights what the options of the loss hold, as arrays for those that need arrays
 */
record Case(NDList labels, NDList predictions, NDList weights) {

    static Case of(Inputs<NDArray> inputs) {
        return new Case(
                new NDList(inputs.labels()), new NDList(inputs.predictions()), new NDList());
    }

    static Case of(NDArray label, NDArray... predictions) {
        return new Case(new NDList(label), new NDList(predictions), new NDList());
    }

    Case with(NDArray... arrays) {
        return new Case(labels, predictions, new NDList(arrays));
    }

    NDArray x() {
        return x(0);
    }

    NDArray x(int i) {
        return predictions.get(i);
    }

    NDArray y() {
        return y(0);
    }

    NDArray y(int i) {
        return labels.get(i);
    }

    NDArray w() {
        return w(0);
    }

    NDArray w(int i) {
        return weights.get(i);
    }

    /** Returns the case with copies of the predictions, leaves if there is something to learn. */
    Case fresh(NDManager manager, boolean gradient) {
        NDList leaves = new NDList(predictions.size());
        for (NDArray prediction : predictions) {
            NDArray leaf = prediction.duplicate();
            leaf.attach(manager);
            if (gradient) {
                leaf.setRequiresGradient(true);
            }
            leaves.add(leaf);
        }
        return new Case(labels, leaves, weights);
    }
}
