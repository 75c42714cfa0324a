/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.loss.Loss;

import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Lesson;
import io.djlosses.nd.Nd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Something to learn with a loss: a small network, and samples whose labels are a function of their
 * features.
 *
 * @param name the name of the loss, and what is special about it
 * @param type the class of the loss
 * @param loss makes the loss, given the network
 * @param network makes the network
 * @param lesson what is learned
 */
record Task(
        String name,
        Class<? extends Loss> type,
        Function<Block, Loss> loss,
        Supplier<Block> network,
        Lesson lesson) {

    static final int FEATURES = 5;

    /** Returns a task for each loss of the catalogue, and for what its options change. */
    static List<Task> all() {
        List<Task> tasks = new ArrayList<>();
        for (Declaration declaration : Declarations.all()) {
            for (Declaration.Task task : declaration.tasks()) {
                Lesson lesson = task.lesson();
                tasks.add(
                        new Task(
                                task.name(),
                                declaration.type(),
                                task.loss(),
                                () -> network(lesson.last().get()),
                                lesson));
            }
        }
        return List.copyOf(tasks);
    }

    /** Returns the task of a loss with its defaults. */
    static Task of(Class<? extends Loss> type) {
        return of(type, "");
    }

    /** Returns the task of a loss with options. */
    static Task of(Class<? extends Loss> type, String what) {
        String name = (type.getSimpleName() + " " + what).strip();
        return all().stream()
                .filter(task -> task.type == type && task.name.equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return name;
    }

    // ------------------------------------------------------------------ networks

    /** A layer for all, and what comes last. */
    static Block network(Block last) {
        return initialized(
                new SequentialBlock().add(Linear.builder().setUnits(8).build()).add(last));
    }

    /** Draws the first weights in Java, so that they are equal on every engine. */
    private static Block initialized(Block block) {
        Random random = new Random(1);
        block.setInitializer(
                (manager, shape, type) -> {
                    double[] values =
                            random.doubles(shape.size()).map(u -> (2 * u - 1) * 0.5).toArray();
                    return Nd.create(manager, values, shape, type);
                },
                Parameter.Type.WEIGHT);
        return block;
    }

    // ------------------------------------------------------------------ samples

    /** Draws samples: their features, and then their labels. */
    List<Data> samples(int size, long seed) {
        Random random = new Random(seed);
        double[] features = random.doubles((long) size * FEATURES).map(u -> 2 * u - 1).toArray();
        double[][] mix = new double[FEATURES][Lesson.CLASSES];
        Random fixed = new Random(7);
        for (double[] row : mix) {
            Arrays.setAll(row, i -> 2 * fixed.nextDouble() - 1);
        }
        double[][] latent = new double[size][Lesson.CLASSES];
        for (int n = 0; n < size; n++) {
            for (int k = 0; k < Lesson.CLASSES; k++) {
                for (int f = 0; f < FEATURES; f++) {
                    latent[n][k] += features[n * FEATURES + f] * mix[f][k];
                }
            }
        }
        List<Data> samples = new ArrayList<>();
        samples.add(new Data("float", new Shape(size, FEATURES), features));
        lesson.labels().apply(latent).forEach(label -> samples.add(Data.of(label)));
        return samples;
    }
}
