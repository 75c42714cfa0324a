/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;

import io.djlosses.nd.Nd;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

/** Small networks whose first weights are drawn in Java, so that they are equal on every engine. */
public final class Networks {

    private Networks() {}

    /**
     * Makes a network of dense layers with ReLU between them.
     *
     * @param random draws the first weights
     * @param units the number of outputs of each layer
     * @return the network
     */
    public static SequentialBlock dense(Random random, int... units) {
        SequentialBlock block = new SequentialBlock();
        for (int i = 0; i < units.length; i++) {
            if (i > 0) {
                block.add(Activation::relu);
            }
            block.add(Linear.builder().setUnits(units[i]).build());
        }
        block.setInitializer(uniform(random), Parameter.Type.WEIGHT);
        return block;
    }

    /**
     * Draws weights evenly from ±√(6 / inputs), after He et al. 2015.
     *
     * @param random draws the weights
     * @return the initializer
     */
    public static Initializer uniform(Random random) {
        return (manager, shape, type) -> {
            double bound = Math.sqrt(6.0 / shape.slice(1).size());
            double[] values = random.doubles(shape.size()).map(u -> (2 * u - 1) * bound).toArray();
            return Nd.create(manager, values, shape, type);
        };
    }

    /**
     * Draws weights from a normal distribution of mean 0.
     *
     * @param random draws the weights
     * @param deviation the standard deviation
     * @return the initializer
     */
    public static Initializer normal(Random random, double deviation) {
        return (manager, shape, type) -> {
            double[] values = new double[(int) shape.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = random.nextGaussian() * deviation;
            }
            return Nd.create(manager, values, shape, DataType.FLOAT32);
        };
    }

    /**
     * Computes the output of a network, without a graph of it.
     *
     * @param model the model that holds the network
     * @param block the network or a part of it
     * @param input the input
     * @return the first output, a row a sample
     */
    public static double[][] forward(Model model, Block block, Column input) {
        try (NDManager manager = model.getNDManager().newSubManager()) {
            NDList arrays = new NDList(input.toArray(manager));
            NDArray output =
                    block.forward(new ParameterStore(manager, false), arrays, false).get(0);
            double[] flat = Nd.toDoubles(output);
            int width = flat.length / input.rows().length;
            return IntStream.range(0, input.rows().length)
                    .mapToObj(i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width))
                    .toArray(double[][]::new);
        }
    }
}
