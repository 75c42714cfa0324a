/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import io.djlosses.nd.Nd;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Evaluates all losses in turn for a long time, and prints what memory that took. */
final class MemoryProgram {

    private static final Path STATUS = Path.of("/proc/self/status");

    private MemoryProgram() {}

    /**
     * Prints, now and then, the number of evaluations, native bytes, bytes of Java and arrays.
     *
     * @param args the engine and the number of evaluations
     */
    public static void main(String[] args) throws IOException {
        Engine engine = Engine.getEngine(args[0]);
        int count = Integer.parseInt(args[1]);
        try (NDManager manager = engine.newBaseManager()) {
            List<Subject> subjects = Subject.all(3);
            List<Loss> losses = Subject.shared(subjects, engine, manager, null);
            losses.forEach(loss -> loss.addAccumulator("all"));
            List<NDList[]> inputs = new ArrayList<>();
            for (Subject subject : subjects) {
                NDList labels = Data.arrays(subject.row().labels(), manager, DataType.FLOAT32);
                NDList predictions =
                        Data.arrays(subject.row().predictions(), manager, DataType.FLOAT32);
                predictions.forEach(array -> array.setRequiresGradient(true));
                Data head = subject.row().head();
                NDList factors = new NDList();
                if (head != null) {
                    factors.add(head.array(manager, DataType.FLOAT32));
                }
                inputs.add(new NDList[] {labels, predictions, factors});
            }
            // What comes again is compiled or recorded by the engines, and stays.
            for (int i = 0; i < 2 * subjects.size(); i++) {
                step(engine, losses.get(i % subjects.size()), inputs.get(i % subjects.size()));
            }
            int every = Math.max(1, count / 40);
            for (int i = 0; i <= count; i++) {
                if (i % every == 0) {
                    print(i, manager);
                }
                int s = i % subjects.size();
                step(engine, losses.get(s), inputs.get(s));
            }
        }
    }

    private static void step(Engine engine, Loss loss, NDList... inputs) {
        NDList labels = inputs[0];
        NDList predictions = inputs[1];
        try (GradientCollector collector = engine.newGradientCollector();
                NDManager own = predictions.get(0).getManager().newSubManager()) {
            NDArray value = loss.evaluate(labels, predictions);
            // Engines leave what backward starts from with the manager of the target.
            value.attach(own);
            collector.backward(inputs[2].isEmpty() ? value : Nd.sum(value.mul(inputs[2].get(0))));
        }
        loss.updateAccumulator("all", labels, predictions);
    }

    private static void print(int evaluations, NDManager manager) throws IOException {
        System.gc();
        long rss = 0;
        if (Files.exists(STATUS)) {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith("VmRSS:")) {
                    rss = Long.parseLong(line.replaceAll("\\D", "")) * 1024;
                }
            }
        }
        Runtime runtime = Runtime.getRuntime();
        System.out.println(
                "MEMORY "
                        + evaluations
                        + " "
                        + rss
                        + " "
                        + (runtime.totalMemory() - runtime.freeMemory())
                        + " "
                        + manager.getManagedArrays().size());
    }
}
