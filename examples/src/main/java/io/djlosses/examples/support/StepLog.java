/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import ai.djl.training.Trainer;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.listener.TrainingListenerAdapter;

import java.util.Locale;
import java.util.function.Consumer;

/**
 * Reports every step of a training run as MindSpore's LossMonitor does: the loss of the step, and
 * the mean of the epoch so far. It needs an {@link EvaluatorTrainingListener} before it.
 */
public final class StepLog extends TrainingListenerAdapter {

    private final int steps;
    private final double learningRate;
    private final Consumer<String> out;
    private int step;
    private double sum;
    private long last = System.nanoTime();

    /**
     * Makes the log.
     *
     * @param steps how many steps the epoch has
     * @param learningRate the learning rate to show
     * @param out takes the lines
     */
    public StepLog(int steps, double learningRate, Consumer<String> out) {
        this.steps = steps;
        this.learningRate = learningRate;
        this.out = out;
    }

    /** {@inheritDoc} */
    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batch) {
        float loss = trainer.getLoss().getAccumulator(EvaluatorTrainingListener.TRAIN_ALL);
        long now = System.nanoTime();
        step++;
        sum += loss;
        out.accept(
                String.format(
                        Locale.ROOT,
                        "Epoch:[  0/  1], step:[%5d/%5d], loss:[%.3f/%.3f], time:%.3f ms, lr:%.5f",
                        step,
                        steps,
                        loss,
                        sum / step,
                        (now - last) / 1e6,
                        learningRate));
        last = now;
    }
}
