/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.ndarray.types.DataType;
import ai.djl.training.loss.Loss;

import io.djlosses.api.Choice;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Runs the scripts of all losses in a random order of options, sizes and data types: an engine
 * optimizes a script by its first runs, so each order is another program. Arguments: the engine and
 * the seed.
 */
final class ScriptOrderProgram {

    private ScriptOrderProgram() {}

    /** An input and the loss that it is for. */
    private record Task(Class<? extends Loss> type, GoldenRow row) {}

    public static void main(String[] arguments) {
        Random random = new Random(Long.parseLong(arguments[1]));
        List<Task> tasks = new ArrayList<>();
        for (Class<? extends Loss> type : Catalogue.withRows()) {
            GoldenRow.seeds(type).forEach(row -> tasks.add(new Task(type, row)));
        }
        Collections.shuffle(tasks, random);
        int wrong = 0;
        for (Task task : tasks) {
            boolean many = random.nextInt(5) == 0 && PropertyIT.isRepeatable(task.type, task.row);
            GoldenRow row = many ? PropertyIT.repeated(task.row) : task.row;
            DataType type = random.nextBoolean() ? DataType.FLOAT32 : DataType.FLOAT64;
            String what = task.row + (many ? " repeated, " : ", ") + type + ": ";
            try {
                String fault = fault(arguments[0], task, row, type);
                if (fault != null) {
                    wrong++;
                    System.out.println(what + fault);
                }
            } catch (RuntimeException e) {
                wrong++;
                System.out.println(what + e);
            }
        }
        System.out.println("TASKS " + tasks.size() + " WRONG " + wrong);
    }

    private static @Nullable String fault(String engine, Task task, GoldenRow row, DataType type) {
        Outcome[] outcomes = new Outcome[2];
        for (int i = 0; i < 2; i++) {
            Choice reading = i == 0 ? Choice.FORMULA : Choice.SCRIPT;
            Loss loss = Catalogue.build(task.type, task.row.optionsWith(null), reading);
            outcomes[i] = Outcome.of(engine, loss, row, type, null, 1);
        }
        boolean single = type == DataType.FLOAT32;
        double rtol = single ? 5e-6 : 1e-11;
        // Readings may take the difference of a probability and 1, or not.
        double atol = single ? 1e-7 : 1e-15;
        String fault = Outcome.difference(outcomes[0].value(), outcomes[1].value(), rtol, atol);
        for (int i = 0; fault == null && i < outcomes[0].gradients().size(); i++) {
            double[] expected = outcomes[0].gradients().get(i);
            fault = Outcome.difference(expected, outcomes[1].gradients().get(i), rtol, atol);
        }
        return fault;
    }
}
