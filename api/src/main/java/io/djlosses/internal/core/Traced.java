/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Arrays that record the operations on them, so that an engine can run these later as one graph.
 * Their data cannot be read, but what Java computes from the data can become an input of the graph.
 */
public final class Traced {

    private Traced() {}

    /** An array that records the operations on it. */
    public interface Array {

        /**
         * Computes arrays from the data, now and for each later run of the graph.
         *
         * @param maker computes them, and must not keep any array
         * @return the arrays that it computes
         */
        NDList prepared(Function<NDArray, NDList> maker);
    }

    /**
     * Returns whether an array records the operations on it, so that its data cannot be read.
     *
     * @param array the array
     * @return whether it does
     */
    public static boolean is(NDArray array) {
        return array instanceof Array;
    }

    /**
     * Computes arrays in Java from the data of an array. In a recording they become inputs of the
     * graph, and are computed again for each later run. If their number or shapes differ, another
     * graph is recorded.
     *
     * @param array the array, which must be an input of the computation in a recording
     * @param maker computes them, and must not keep any array
     * @return the arrays that it computes
     */
    public static NDList prepare(NDArray array, Function<NDArray, NDList> maker) {
        return array instanceof Array traced ? traced.prepared(maker) : maker.apply(array);
    }

    /**
     * Evaluates a condition on the data of an array in Java. In a recording the graph is valid for
     * the answer only: each later run evaluates the condition again, and another graph is recorded
     * for another answer.
     *
     * @param array the array, which must be an input of the computation in a recording
     * @param look the condition
     * @return the answer
     */
    public static boolean observe(NDArray array, Predicate<NDArray> look) {
        return !prepare(array, data -> look.test(data) ? new NDList(data) : new NDList()).isEmpty();
    }
}
