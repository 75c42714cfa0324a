/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.examples.support.TextTable;

import picocli.CommandLine.Command;

import java.util.Locale;

/** The focal loss all but forgets the samples that are easy. */
@Command(name = "focal", description = "Hard and easy samples: focal loss against BCE.")
final class Focal extends ExampleCommand {

    @Override
    public void run() {
        try (NDManager manager = engine().newBaseManager()) {
            NDList labels = new NDList(manager.create(new float[][] {{1}, {0}}));
            NDList hard = new NDList(manager.create(new float[][] {{0.5f}, {0.5f}}));
            NDList easy = new NDList(manager.create(new float[][] {{0.9f}, {0.1f}}));

            TextTable table = new TextTable("loss", "hard samples", "easy samples", "easy / hard");
            for (Loss loss : new Loss[] {Losses.focalLoss(), Losses.bceLoss()}) {
                float hardValue = loss.evaluate(labels, hard).getFloat();
                float easyValue = loss.evaluate(labels, easy).getFloat();
                table.add(
                        loss.getName(),
                        String.format(Locale.ROOT, "%.4f", hardValue),
                        String.format(Locale.ROOT, "%.4f", easyValue),
                        String.format(Locale.ROOT, "%.4f", easyValue / hardValue));
            }
            print("%s", table);
        }
    }
}
