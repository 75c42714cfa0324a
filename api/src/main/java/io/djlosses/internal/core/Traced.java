/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.core;

import ai.djl.ndarray.NDArray;

import java.lang.reflect.Proxy;

/** Arrays that note what is done to them, so that an engine can run it later as one graph. */
public final class Traced {

    private Traced() {}

    /**
     * Tells whether an array notes what is done to it, so that its data cannot be read.
     *
     * @param array the array
     * @return whether it does
     */
    public static boolean is(NDArray array) {
        return Proxy.isProxyClass(array.getClass());
    }
}
