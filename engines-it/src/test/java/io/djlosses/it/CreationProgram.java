/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.nd.Nd;

import java.util.Arrays;

/**
 * Makes arrays as losses do while the garbage collector runs without a break. The heap is to be
 * small, so that collections are short and many.
 */
final class CreationProgram {

    private static final double[] VALUES = {3, 5, 7};

    private CreationProgram() {}

    /**
     * Prints how many arrays were made and how many of them were wrong, now and then and at the
     * end.
     *
     * @param args the engine and the number of milliseconds
     */
    public static void main(String[] args) {
        Engine engine = Engine.getEngine(args[0]);
        long end = System.nanoTime() + Long.parseLong(args[1]) * 1_000_000;
        Thread collector =
                new Thread(
                        () -> {
                            while (System.nanoTime() < end) {
                                System.gc();
                            }
                        });
        collector.start();
        int made = 0;
        int wrong = 0;
        long silent = System.nanoTime();
        while (System.nanoTime() < end) {
            try (NDManager manager = engine.newBaseManager()) {
                for (int i = 0; i < 100; i++) {
                    NDArray array =
                            Nd.create(manager, VALUES, new Shape(VALUES.length), DataType.FLOAT32);
                    wrong += Arrays.equals(Nd.toDoubles(array), VALUES) ? 0 : 1;
                    made++;
                }
            }
            if (System.nanoTime() - silent > 10_000_000_000L) {
                silent = System.nanoTime();
                System.out.println("MADE " + made + " WRONG " + wrong);
            }
        }
        System.out.println("MADE " + made + " WRONG " + wrong);
    }
}
