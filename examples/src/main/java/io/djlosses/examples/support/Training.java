/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.TranslateException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;

/** A training run in DJL's own words: configuration, trainer, {@link EasyTrain#fit}. */
public final class Training {

    private Training() {}

    /**
     * Returns the optimizer Adam.
     *
     * @param learningRate the learning rate
     * @return the optimizer
     */
    public static Optimizer adam(float learningRate) {
        return Optimizer.adam().optLearningRateTracker(Tracker.fixed(learningRate)).build();
    }

    /**
     * Trains the block of a model with classes to tell apart.
     *
     * @param model the model
     * @param loss the loss
     * @param accuracy counts the right answers
     * @param optimizer the optimizer
     * @param epochs the number of epochs
     * @param training the data to learn from
     * @param validation the data to judge by
     * @return the figures of every epoch
     */
    public static EpochLog fit(
            Model model,
            Loss loss,
            Evaluator accuracy,
            Optimizer optimizer,
            int epochs,
            Batches training,
            Batches validation) {
        EpochLog log = new EpochLog(epochs);
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(loss)
                        .addEvaluator(accuracy)
                        .optOptimizer(optimizer)
                        .addTrainingListeners(new EvaluatorTrainingListener(), log);
        fit(model, config, epochs, training, validation);
        return log;
    }

    /**
     * Trains the block of a model.
     *
     * @param model the model
     * @param config loss, optimizer and listeners
     * @param epochs the number of epochs
     * @param training the data to learn from
     * @param validation the data to judge by, or null
     */
    public static void fit(
            Model model,
            DefaultTrainingConfig config,
            int epochs,
            Batches training,
            @Nullable Batches validation) {
        config.optDevices(new Device[] {model.getNDManager().getDevice()});
        try (Trainer trainer = model.newTrainer(config)) {
            trainer.initialize(training.inputShapes());
            EasyTrain.fit(trainer, epochs, training, validation);
        } catch (IOException | TranslateException e) {
            throw new IllegalStateException(e);
        }
    }
}
