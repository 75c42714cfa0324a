/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;

import io.djlosses.Losses;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.nd.Nd;

import picocli.CommandLine.Command;

/** The cross entropy of logits is the likelihood loss of their logarithmic softmax. */
@Command(name = "cross-entropy", description = "CrossEntropyLoss is LogSoftmax and NLLLoss in one.")
final class CrossEntropy extends ExampleCommand {

    @Override
    public void run() {
        try (NDManager manager = engine().newBaseManager()) {
            NDArray logits = manager.create(new float[][] {{10, 0, -10}, {8, 8, 8}});
            NDList classes = new NDList(manager.create(new long[] {0, 2}));

            NDArray direct = Losses.crossEntropyLoss().evaluate(classes, new NDList(logits));
            NDArray logProbabilities = Nd.logSoftmax(logits, 1);
            NDArray inTwo = Losses.nllLoss().evaluate(classes, new NDList(logProbabilities));

            print("Logits [[10, 0, -10], [8, 8, 8]], classes [0, 2]");
            print("  CrossEntropyLoss         %.4f", direct.getFloat());
            print("  LogSoftmax, then NLLLoss %.4f", inTwo.getFloat());
        }
    }
}
