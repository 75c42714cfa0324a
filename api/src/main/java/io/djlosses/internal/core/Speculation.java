/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.core;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Lets a computation take a fast path before it is known that the path is valid, so that an
 * asynchronous engine always has work while Java waits for the answer.
 */
public final class Speculation {

    private static final ThreadLocal<@Nullable List<BooleanSupplier>> OPEN = new ThreadLocal<>();

    private Speculation() {}

    /**
     * Runs a computation in which {@link #on} makes assumptions. They are checked at the end; if
     * one is wrong, the computation runs again without assumptions.
     *
     * @param <T> the type of the result
     * @param computation the computation, which may run twice
     * @return the result
     */
    public static <T> T run(Supplier<T> computation) {
        List<BooleanSupplier> outer = OPEN.get();
        List<BooleanSupplier> assumptions = new ArrayList<>();
        try {
            OPEN.set(assumptions);
            T result = computation.get();
            if (assumptions.stream().allMatch(BooleanSupplier::getAsBoolean)) {
                return result;
            }
            OPEN.remove();
            return computation.get();
        } finally {
            if (outer == null) {
                OPEN.remove();
            } else {
                OPEN.set(outer);
            }
        }
    }

    /**
     * Returns whether an assumption holds. Inside {@link #run} it is taken to hold and checked
     * later; elsewhere it is checked at once.
     *
     * @param assumption checks the assumption
     * @return whether it holds, or true if it is checked later
     */
    public static boolean on(BooleanSupplier assumption) {
        List<BooleanSupplier> assumptions = OPEN.get();
        return assumptions == null ? assumption.getAsBoolean() : assumptions.add(assumption);
    }
}
