/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Arrays that note what is done to them, so that an engine can run it later as one graph. Their
 * data cannot be read, but what Java makes of the data can become an input of the graph.
 */
public final class Traced {

    private Traced() {}

    /** An array that notes what is done to it. */
    public interface Array {

        /**
         * Makes arrays of the data, now and for each later run of the graph.
         *
         * @param maker what makes them, which must not keep any array
         * @return what it makes
         */
        NDList prepared(Function<NDArray, NDList> maker);
    }

    /**
     * Tells whether an array notes what is done to it, so that its data cannot be read.
     *
     * @param array the array
     * @return whether it does
     */
    public static boolean is(NDArray array) {
        return array instanceof Array;
    }

    /**
     * Makes arrays of the data of an array in Java. In a recording they become inputs of the graph,
     * and are made anew for each later run; other shapes, or another number of them, have another
     * graph.
     *
     * @param array the array, an input of the computation if there is a recording
     * @param maker what makes them, which must not keep any array
     * @return what it makes
     */
    public static NDList prepare(NDArray array, Function<NDArray, NDList> maker) {
        return array instanceof Array traced ? traced.prepared(maker) : maker.apply(array);
    }

    /**
     * Asks something of the data of an array in Java. In a recording the answer becomes what the
     * graph is for: each later run asks again, and another answer has another graph.
     *
     * @param array the array, an input of the computation if there is a recording
     * @param look what is asked
     * @return the answer
     */
    public static boolean observe(NDArray array, Predicate<NDArray> look) {
        return !prepare(array, data -> look.test(data) ? new NDList(data) : new NDList()).isEmpty();
    }
}
