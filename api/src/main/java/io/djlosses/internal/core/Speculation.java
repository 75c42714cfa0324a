/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.core;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Lets a computation take the fast way before it is known that the fast way is right, so that an
 * engine that works in the background is never left without work while Java waits for the answer.
 */
public final class Speculation {

    private static final ThreadLocal<@Nullable List<BooleanSupplier>> OPEN = new ThreadLocal<>();

    private Speculation() {}

    /**
     * Runs a computation in which {@link #on} assumes; the assumptions are checked at its end, and
     * where one is wrong it runs once more, without any.
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
     * Tells whether something holds: what {@link #run} checks later, or, outside of it, now.
     *
     * @param assumption the question
     * @return whether it holds, or true where that is checked later
     */
    public static boolean on(BooleanSupplier assumption) {
        List<BooleanSupplier> assumptions = OPEN.get();
        return assumptions == null ? assumption.getAsBoolean() : assumptions.add(assumption);
    }
}
