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

    /**
     * Returns the case with copies of labels and predictions, the latter leaves if there is
     * something to learn. As in a step of training, all belong to the batch.
     */
    Case fresh(NDManager batch, boolean gradient) {
        Case copies = new Case(copies(labels, batch), copies(predictions, batch), weights);
        if (gradient) {
            copies.predictions.forEach(leaf -> leaf.setRequiresGradient(true));
        }
        return copies;
    }

    private static NDList copies(NDList arrays, NDManager batch) {
        NDList copies = new NDList(arrays.size());
        for (NDArray array : arrays) {
            NDArray copy = array.duplicate();
            copy.attach(batch);
            copies.add(copy);
        }
        return copies;
    }

    /** Returns the case with what the cheapest of layers makes of the predictions. */
    Case throughLayer() {
        NDList outputs = new NDList(predictions.size());
        predictions.forEach(leaf -> outputs.add(leaf.add(0)));
        return new Case(labels, outputs, weights);
    }
}
